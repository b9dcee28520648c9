"""Every way in which the portal can differ from the document, each with its own words."""

from __future__ import annotations

from releve.base.errors import PersonNeeded, ReleveError


class PortalError(ReleveError):
    """The portal did not show what the document says. The exit code depends on whether a reset was
    begun.
    """

    safe = "Aucun mot de passe n'a été changé par cette étape."

    def __init__(self, *, saw: str = "", **facts: object) -> None:
        super().__init__(**facts, saw=saw, seen=f" ({saw})" if saw else "")


class PortalUnreachable(PortalError):
    happened = "Le portail ne répond pas à l'adresse {origin} ({why})."
    todo = (
        "Vérifiez la connexion à Internet, puis relancez. Si le portail est en panne, revenez plus"
        " tard."
    )


class PortalTooSlow(PortalError):
    happened = "Le portail n'a pas répondu en {seconds} secondes (écran « {screen} »)."
    todo = (
        "Réessayez à une heure moins chargée. Si le portail est toujours lent, augmentez [portal]"
        " timeout_seconds dans vos réglages."
    )


class OriginRefused(PortalError):
    happened = (
        "La page ouverte est à l'adresse {origin}, qui n'est pas dans la liste des adresses"
        " permises."
    )
    safe = "Aucun identifiant ni mot de passe n'y a été saisi."
    todo = (
        "N'y saisissez rien vous-même : il existe de fausses pages Chorus Pro. Si l'adresse est la"
        " bonne, ajoutez-la à [portal] origins."
    )


class UnsafeForm(PortalError):
    """The form would send the password in an address, where it is written down on the way."""

    happened = (
        "Le formulaire de l'écran « {screen} » enverrait le mot de passe dans une adresse (méthode"
        " {method})."
    )
    safe = "Rien n'y a été saisi."
    todo = "Faites cet écran à la main si vous êtes sûr du site, et signalez-le à votre support."


class FieldTooShort(PortalError):
    happened = "Le champ de l'écran « {screen} » n'accepte que {length} caractères."
    safe = "Rien n'y a été saisi."
    todo = "Saisissez le mot de passe à la main, ou demandez-en un plus court."


class Maintenance(PortalError):
    happened = "Le portail est en maintenance (écran « {screen} »)."
    todo = "Revenez plus tard, puis relancez : la procédure reprendra."


class TechnicalError(PortalError):
    happened = "Le portail a répondu par une erreur technique (écran « {screen} »)."
    todo = (
        "Attendez quelques minutes, puis relancez. Si cela dure, prévenez le support de Chorus Pro."
    )


class PageForbidden(PortalError):
    """What an old address answers (communaute.chorus-pro.gouv.fr, March 2022)."""

    happened = (
        "Le portail répond que des contraintes de sécurité empêchent d'accéder à la page demandée"
        " (écran « {screen} »)."
    )
    todo = (
        "Vérifiez l'adresse du portail dans vos réglages : une ancienne adresse répond ainsi. Puis"
        " relancez."
    )


class SessionExpired(PortalError):
    happened = "La session du portail a expiré (écran « {screen} »)."
    todo = "Relancez : la procédure se reconnectera."


class PasswordRefused(PortalError):
    """Never tried twice: three refusals lock the account."""

    happened = "Le portail a refusé l'identifiant ou le mot de passe de {login}."
    safe = (
        "Rien n'a été changé, et Relève n'essaiera pas une seconde fois : trois refus verrouillent"
        " le compte."
    )
    todo = (
        "Vérifiez le mot de passe sur le portail lui-même, enregistrez-le avec « releve credentials"
        " store », puis relancez."
    )


class AlreadyRefused(PortalError):
    """The very password that the portal refused before is not tried again."""

    happened = (
        "Le portail a déjà refusé ce mot de passe de {login} : Relève ne l'essaie pas une seconde"
        " fois."
    )
    safe = "Rien n'a été saisi ni changé : trois refus verrouillent le compte."
    todo = PasswordRefused.todo


class AccountLocked(PortalError):
    happened = "Le compte {login} est verrouillé sur le portail."
    todo = (
        "Faites-le déverrouiller (lien « mot de passe oublié » ou votre administrateur),"
        " enregistrez son mot de passe avec « releve credentials store », puis relancez."
    )


class UnexpectedPopup(PortalError):
    happened = "Une fenêtre inattendue couvre l'écran « {screen} » : « {text} »."
    todo = "Connectez-vous au portail, lisez-la et fermez-la, puis relancez."


class ScreenNotRecognised(PortalError):
    """What the document names was not seen. `saw`: what there is instead, as a person would say."""

    happened = (
        "L'écran « {screen} » n'est pas celui du document : « {wanted} » ne s'y trouve pas, ou"
        " Relève ne le voit pas{seen}."
    )
    todo = (
        "Le portail a peut-être changé. Faites cette étape à la main, ou indiquez le nouveau"
        " libellé dans [portal.labels]."
    )


class ControlChanged(PersonNeeded, PortalError):
    """A person has shown it once, and its evidence does not agree any more; nobody is there."""

    happened = (
        "L'écran « {screen} » a changé : « {wanted} » n'est plus comme on l'a montré à Relève"
        " ({then}). On y voit maintenant : {now}."
    )
    safe = "Rien n'a été changé par cette étape."
    todo = "Montrez-le de nouveau à l'écran (« releve lab »), ou oubliez-le : « releve profile"
    todo += " forget »."


class ShownJustNow(PortalError):
    """A person has just shown this button: in this run it is pressed by her alone."""

    happened = "« {wanted} » vient d'être montré à Relève : cette fois, c'est vous qui cliquez."
    todo = "Cliquez vous-même, dans la fenêtre du portail."


class AmbiguousScreen(PortalError):
    """More than one thing could be meant. `saw` lists them."""

    happened = (
        "L'écran « {screen} » montre {count} fois « {wanted} » : Relève ne choisit pas au"
        " hasard{seen}."
    )
    todo = "Faites cette étape à la main, en vérifiant le compte technique et le SIRET affichés."


class StructureNotFound(PortalError):
    happened = "La structure {siret} ne figure pas dans « Mes structures » pour {login}."
    todo = (
        "Vérifiez le SIRET dans vos réglages, et que vous êtes bien gestionnaire de cette"
        " structure."
    )


class StructureNotOffered(StructureNotFound):
    happened = (
        "La structure {siret} ne figure pas dans la liste « Choisir la structure » pour {login}."
    )
    todo = (
        "Vérifiez le SIRET dans vos réglages, et que vous êtes bien gestionnaire principal de cette"
        " structure."
    )


class NotPrincipalManager(PortalError):
    happened = (
        "Vous n'êtes pas gestionnaire principal de la structure {siret} : le portail ne propose pas"
        " la réinitialisation."
    )
    todo = "Demandez au gestionnaire principal de faire la procédure, ou de vous donner ce rôle."


class ResetButtonMissing(PortalError):
    happened = (
        "Le bouton « {wanted} » ne figure pas sur la fiche de la structure {siret}, ou il est"
        " grisé."
    )
    todo = (
        "Vérifiez que vous êtes gestionnaire principal. Si le bouton a changé de nom, indiquez-le"
        " dans [portal.labels]."
    )


class ResetButtonDisabled(ResetButtonMissing):
    happened = (
        "Le bouton « {wanted} » figure sur la fiche de la structure {siret}, mais il est grisé."
    )


class NoTechnicalAccount(PortalError):
    happened = "La structure {siret} n'a pas de compte technique sur le portail."
    todo = "Vérifiez la structure, ou faites d'abord créer un compte technique."


class AccountNotFound(PortalError):
    happened = (
        "Le compte technique {account} ne figure pas sur la fiche de la structure {siret}. Le"
        " portail y montre : {found}."
    )
    todo = "Corrigez « technical_account » dans vos réglages."


class AccountToChoose(PortalError):
    """Buttons, and nothing that tells whose."""

    happened = (
        "La structure {siret} a plusieurs comptes techniques ({found}), et Relève ne voit pas quel"
        " bouton est celui de {account}."
    )
    todo = "Faites cette étape à la main, en vérifiant le compte technique affiché."


class WrongConfirmation(PortalError):
    happened = (
        "La fenêtre de confirmation devrait concerner le compte {account}, et elle nomme : {found}."
    )
    safe = "Relève n'a pas confirmé : aucun mot de passe n'a été changé."
    todo = "Vérifiez sur le portail quel compte est concerné, puis faites cette étape à la main."


class UnprovenAccount(WrongConfirmation):
    """The button was told by its place only, and the confirmation does not say whose it is."""

    happened = (
        "La confirmation ne nomme pas le compte {account}, et Relève ne connaît le bouton que par :"
        " {proof}."
    )


class WrongForm(PortalError):
    happened = (
        "Le formulaire n'est pas rempli comme il le faut pour {account} : la liste « {field} »"
        " montre autre chose."
    )
    safe = "Relève n'a pas soumis la demande."
    todo = (
        "Relancez ; si cela se répète, faites cette étape à la main en vérifiant la structure et le"
        " compte."
    )


class SameCandidate(PortalError):
    """The form was left and opened again, and shows the very password that cannot be used."""

    code = 4
    happened = (
        "Le portail propose à nouveau le même mot de passe, qui n'est pas utilisable : {fault}."
    )
    safe = "Rien n'a été soumis."
    todo = "Attendez un moment, puis lancez « releve resume »."
    goes_on = True


class CandidateChanged(PortalError):
    happened = (
        "Le mot de passe affiché a changé entre le moment où il a été gardé et celui de soumettre"
        " la demande."
    )
    safe = "Relève n'a pas soumis la demande."
    todo = "Relancez : un autre mot de passe sera demandé."


class ResetRefused(PortalError):
    """The portal said no to the confirmation: known not to have happened."""

    happened = "Le portail a refusé la réinitialisation : « {text} »."
    safe = "Le mot de passe n'a pas été changé : le portail le dit lui-même."
    todo = "Attendez un moment, puis relancez."


class NotPressed(ResetRefused):
    """Something came over the button between the announcement and the click: it was not pressed."""

    happened = "Le bouton de confirmation n'a pas été pressé. {why}."
    safe = "Le mot de passe n'a pas été changé : rien n'a été envoyé au portail."


class ResetOutcomeUnknown(PortalError):
    """The click went and no answer was understood. Never retried by itself."""

    happened = (
        "La confirmation a été envoyée, mais la réponse du portail n'est pas arrivée ({why})."
    )
    safe = "Relève ne clique pas une seconde fois de lui-même."
    todo = "{todo}"


class PasswordUnreadable(PortalError):
    """The reset took place, and the screen's password could not be told apart from the rest."""

    happened = (
        "Le portail a fait un nouveau mot de passe, mais Relève n'a pas su le lire à l'écran"
        " ({why})."
    )
    safe = (
        "La page reste ouverte tant que ce programme tourne ; l'ancien mot de passe ne fonctionne"
        " plus."
    )
    todo = (
        "Si vous voyez la page, recopiez le mot de passe à la main dans Relève. Sinon, il faudra"
        " en demander un autre."
    )


class BrowserGone(PortalError):
    happened = "Le navigateur s'est fermé pendant l'étape « {screen} »."
    todo = "Relancez : la procédure rouvrira un navigateur et reprendra."


class BrowserDidNotStart(PortalError):
    happened = "Le navigateur {name} n'a pas pu démarrer ({why})."
    todo = (
        "Installez Microsoft Edge ou Chromium, ou indiquez un autre navigateur avec [portal]"
        " browser."
    )


class SignInNeeded(PersonNeeded):
    """The settings leave the login to a person, and nobody is there."""

    happened = (
        "Une personne doit se connecter elle-même au portail : les réglages le veulent ainsi («"
        " portal.sign_in »)."
    )
    safe = "Rien n'a été ouvert ni changé."
    todo = (
        'Faites-le à l\'écran, avec « releve lab », ou écrivez « sign_in = "keyring" » dans'
        " [portal] et confiez le mot de passe au coffre (« releve credentials store »)."
    )


class NoWindow(PortalError):
    """She would log in, and there is no window to do it in."""

    happened = "Vous vous connectez vous-même au portail, et ce poste n'a pas de fenêtre à montrer."
    todo = "Faites cet écran dans votre navigateur, ou lancez Relève sur un poste avec écran."


class NotSignedIn(PortalError):
    happened = "Relève n'a pas vu la page d'accueil du portail en {minutes} minutes."
    todo = "Réessayez, et connectez-vous dans la fenêtre du portail jusqu'à sa page d'accueil."


class CodeNeeded(PersonNeeded):
    happened = "Le portail demande un code à usage unique pour {login}."
    safe = "Rien n'a été changé."
    todo = (
        "Ouvrez le carnet avec « releve lab » pour saisir le code, ou enregistrez la clé TOTP avec"
        " « releve credentials store --otp »."
    )


class CodeRefused(PersonNeeded):
    happened = "Le portail a refusé le code calculé avec la clé TOTP de {login} : « {text} »{skew}."
    safe = "Rien n'a été changé, et Relève n'essaie pas un autre code."
    todo = (
        "Vérifiez l'horloge de ce poste, enregistrez à nouveau la clé TOTP avec « releve"
        " credentials store --otp », puis relancez."
    )


class KeyNeeded(PersonNeeded):
    happened = (
        "Le portail demande de toucher la clé de sécurité de {login}, et aucune fenêtre n'est"
        " visible."
    )
    safe = "Rien n'a été changé."
    todo = (
        "Ouvrez le carnet avec « releve lab » sur un poste avec écran, la clé branchée ; ou faites"
        " activer une application (TOTP)."
    )


class KeyNotTouched(PortalError):
    happened = "La clé de sécurité de {login} n'a pas été touchée en {minutes} minutes."
    todo = "Branchez-la, puis relancez : touchez-la dès que la fenêtre du portail le demande."
