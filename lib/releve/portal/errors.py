"""Every way in which the portal can differ from the document, each with its own words."""

from __future__ import annotations

from releve.base.errors import PersonNeeded, ReleveError


class PortalError(ReleveError):
    """The portal did not show what the document says. The exit code depends on whether a reset was
    begun.
    """


    def __init__(self, *, saw: str = "", **facts: object) -> None:
        super().__init__(**facts, saw=saw, seen=f" ({saw})" if saw else "")


class PortalUnreachable(PortalError):
    pass


class PortalTooSlow(PortalError):
    pass


class OriginRefused(PortalError):
    pass


class UnsafeForm(PortalError):
    """The form would send the password in an address, where it is written down on the way."""


class FieldTooShort(PortalError):
    pass


class Maintenance(PortalError):
    pass


class TechnicalError(PortalError):
    pass


class PageForbidden(PortalError):
    """What an old address answers (communaute.chorus-pro.gouv.fr, March 2022)."""


class SessionExpired(PortalError):
    pass


class PasswordRefused(PortalError):
    """Never tried twice: three refusals lock the account."""


class AlreadyRefused(PortalError):
    """The very password that the portal refused before is not tried again."""


class AccountLocked(PortalError):
    pass


class UnexpectedPopup(PortalError):
    pass


class ScreenNotRecognised(PortalError):
    """What the document names was not seen. `saw`: what there is instead, as a person would say."""


class ControlChanged(PersonNeeded, PortalError):
    """A person has shown it once, and its evidence does not agree any more; nobody is there."""


class ShownJustNow(PortalError):
    """A person has just shown this button: in this run it is pressed by her alone."""


class AmbiguousScreen(PortalError):
    """More than one thing could be meant. `saw` lists them."""


class StructureNotFound(PortalError):
    pass


class StructureNotOffered(StructureNotFound):
    pass


class NotPrincipalManager(PortalError):
    pass


class ResetButtonMissing(PortalError):
    pass


class ResetButtonDisabled(ResetButtonMissing):
    pass


class StillGrey(ScreenNotRecognised):
    """A confirmation that waits for an answer which is a person's."""


class NoTechnicalAccount(PortalError):
    pass


class AccountNotFound(PortalError):
    pass


class AccountToChoose(PortalError):
    """Buttons, and nothing that tells whose."""


class WrongConfirmation(PortalError):
    pass


class UnprovenAccount(WrongConfirmation):
    """The button was told by its place only, and the confirmation does not say whose it is."""


class WrongForm(PortalError):
    pass


class SameCandidate(PortalError):
    """The form was left and opened again, and shows the very password that cannot be used."""

    code = 4
    goes_on = True


class CandidateChanged(PortalError):
    pass


class ResetRefused(PortalError):
    """The portal said no to the confirmation: known not to have happened."""


class NotPressed(ResetRefused):
    """Something came over the button between the announcement and the click: it was not pressed."""


class ResetOutcomeUnknown(PortalError):
    """The click went and no answer was understood. Never retried by itself."""


class AskedAgain(ResetOutcomeUnknown):
    """What came after the click looks like another question, and is not surely the same one's."""


class PasswordUnreadable(PortalError):
    """The reset took place, and the screen's password could not be told apart from the rest."""


class BrowserGone(PortalError):
    pass


class BrowserDidNotStart(PortalError):
    pass


class SignInNeeded(PersonNeeded):
    """The settings leave the login to a person, and nobody is there."""


class NoWindow(PortalError):
    """She would log in, and there is no window to do it in."""


class NotSignedIn(PortalError):
    pass


class CodeNeeded(PersonNeeded):
    pass


class CodeRefused(PersonNeeded):
    pass


class KeyNeeded(PersonNeeded):
    pass


class KeyNotTouched(PortalError):
    pass
