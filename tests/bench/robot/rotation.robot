*** Comments ***
The same clicks as bare.py, as an agency would write them with Robot Framework and SeleniumLibrary. Its task comes as variables.

*** Settings ***
Library    SeleniumLibrary    timeout=30s    run_on_failure=NOTHING

*** Test Cases ***
Rotation
    ${options}=    Evaluate    selenium.webdriver.ChromeOptions()    modules=selenium.webdriver
    ${options.binary_location}=    Set Variable    %{BENCH_BROWSER}
    FOR    ${argument}    IN    headless    no-sandbox    window-size=1280,800    lang=fr-FR
        Call Method    ${options}    add_argument    --${argument}
    END
    ${service}=    Evaluate    selenium.webdriver.ChromeService(executable_path=r"%{BENCH_DRIVER}")    modules=selenium.webdriver
    Create Webdriver    Chrome    options=${options}    service=${service}
    Go To    %{BENCH_PORTAL}
    Input Text    xpath=//label[contains(., "Identifiant")]/following::input[1]    %{BENCH_LOGIN}
    Input Password    xpath=//label[contains(., "Mot de passe")]/following::input[1]    %{BENCH_PASSWORD}
    Click    //button[normalize-space()="Connexion"]
    Click    //a[contains(., "Chorus Pro")]
    Switch Window    NEW
    Click    //a[contains(., "Se connecter")]
    Click    //a[contains(., "Activités du gestionnaire")]
    Wait Until Element Is Visible    xpath=//input[@type="search"]
    Input Text    xpath=//input[@type="search"]    %{BENCH_SIRET}
    Press Keys    xpath=//input[@type="search"]    ENTER
    Click    //tr[contains(., "%{BENCH_SIRET}")]//a[contains(@aria-label, "Modifier la structure") or contains(@title, "Modifier la structure")]
    Click    //button[contains(., "Utilisateurs rattachés à la structure")]
    Click    //tr[contains(., "%{BENCH_ACCOUNT}")]//button[contains(., "Réinitialiser le mot de passe")]
    Click    //*[@role="dialog" or self::dialog]//button[normalize-space()="Confirmer"]
    ${shown}=    Set Variable    xpath=//dt[contains(., "Mot de passe")]/following-sibling::dd[1]
    Wait Until Element Is Visible    ${shown}
    ${password}=    Get Text    ${shown}
    Click    //a[contains(., "Se déconnecter")]
    Go To    %{BENCH_CORAIL}
    Click    //*[@role="menuitem"][normalize-space()="Environnement"]
    Click    //*[@role="menuitem"][contains(., "Gestion des collectivités")]
    Click    //tr[contains(., "%{BENCH_SIRET}")]//a
    Click    //*[@role="tab"][contains(., "Transfert")]
    Click    //a[@title="Facture dématérialisée"]
    Wait Until Element Is Visible    xpath=(//tr)[last()]//input
    Input Text    xpath=((//tr)[last()]//input)[last()]    ${password}
    Click    //button[contains(., "Valider")]
    Wait Until Page Contains    Modifications enregistrées
    [Teardown]    Close All Browsers

*** Keywords ***
Click
    [Arguments]    ${path}
    Wait Until Element Is Visible    xpath=${path}
    Click Element    xpath=${path}
