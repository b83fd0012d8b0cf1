//! What exists: left alone, changed, written anew.

use super::*;

#[tokio::test(start_paused = true)]
async fn what_is_as_defined_is_left_alone() {
    // errata ALL-18
    let rig = Rig::new();
    rig.push(200, page(vec![integration("ENABLED", "ACTIVE")]))
        .push(200, page(vec![credential()]));
    rig.push(200, page(vec![listed_action()]))
        .push(200, done_config(2))
        .push(200, action());
    let ensured = platform(&rig).ensure(&definition()).await.unwrap();
    assert_eq!(
        (ensured.change, ensured.integration.state),
        (Change::Unchanged, IntegrationState::Active)
    );
    let action = "GET /api/v2/integrations/actions/a-1?expand=contract&includeConfig=true";
    assert_eq!(rig.lines(), [LIST, CREDENTIALS, ACTIONS, CONFIG, action]);
}

#[tokio::test(start_paused = true)]
async fn a_changed_endpoint_switches_off_first_and_changes_in_place() {
    // errata INT-29
    let rig = Rig::new();
    let changed = IntegrationDefinition::builder(
        NAME,
        "https://new.example.com/cases?filter=$active",
        Authentication::basic("crm_user", PASSWORD.into()),
    )
    .with_mappings(definition().mapping().to_vec())
    .build()
    .unwrap();
    rig.push(200, page(vec![integration("ENABLED", "ACTIVE")]))
        .push(200, page(vec![credential()]));
    rig.push(200, page(vec![listed_action()]))
        .push(200, done_config(2))
        .push(200, action());
    rig.push(200, integration("DISABLED", "INACTIVE"));
    rig.push(200, credential())
        .push(200, action())
        .push(200, done_config(3));
    rig.push(200, integration("DISABLED", "INACTIVE"));
    let ensured = platform(&rig).ensure(&changed).await.unwrap();
    assert_eq!(ensured.change, Change::Updated);
    assert_eq!(
        rig.lines()[5..],
        [
            "PATCH /api/v2/integrations/i-1",
            "PUT /api/v2/integrations/credentials/c-1",
            "PATCH /api/v2/integrations/actions/a-1",
            "PUT /api/v2/integrations/i-1/config/current",
            "GET /api/v2/integrations/i-1",
        ]
    );
    assert_eq!(rig.body(5), json!({"intendedState": "DISABLED"}));
    assert_eq!(rig.body(7)["version"], 1);
    // A dollar sign would begin a reference in the platform's template.
    assert_eq!(
        rig.body(7)["config"]["request"]["requestUrlTemplate"],
        "https://new.example.com/cases?filter=%24active"
    );
    assert_eq!(rig.body(8)["notes"], notes(&changed));
}

#[tokio::test(start_paused = true)]
async fn a_changed_mapping_takes_a_new_action() {
    let rig = Rig::new();
    let changed = builder()
        .with_mapping(DataMapping::direct("case.id", "genesys_case_id"))
        .build()
        .unwrap();
    rig.push(200, page(vec![integration("DISABLED", "INACTIVE")]))
        .push(200, page(vec![credential()]));
    rig.push(200, page(vec![listed_action()]))
        .push(200, done_config(2))
        .push(200, action());
    rig.push(200, credential());
    rig.transport.push(Reply::status(204));
    rig.push(200, action())
        .push(200, done_config(3))
        .push(200, integration("DISABLED", "INACTIVE"));
    platform(&rig).ensure(&changed).await.unwrap();
    assert_eq!(
        rig.lines()[6..8],
        [
            "DELETE /api/v2/integrations/actions/a-1",
            "POST /api/v2/integrations/actions"
        ],
        "a contract cannot be changed, and nothing needs to be switched off"
    );
    assert_eq!(
        rig.body(7)["config"]["response"]["translationMap"],
        json!({"genesys_case_id": "$.case.id"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_password_is_written_by_an_update() {
    let rig = Rig::new();
    rig.push(200, integration("ENABLED", "ACTIVE"))
        .push(200, page(vec![credential()]))
        .push(200, page(vec![listed_action()]));
    rig.push(200, done_config(2))
        .push(200, action())
        .push(200, integration("DISABLED", "INACTIVE"))
        .push(200, credential());
    rig.push(200, integration("DISABLED", "INACTIVE"));
    let updated = platform(&rig).update(&id(), &definition()).await.unwrap();
    assert_eq!(updated.state, IntegrationState::Inactive);
    assert_eq!(rig.lines()[6], "PUT /api/v2/integrations/credentials/c-1");
    assert_eq!(rig.body(6)["credentialFields"]["password"], PASSWORD);
    rig.push(404, json!({}));
    assert_eq!(
        platform(&rig)
            .update(&id(), &definition())
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::NotFound
    );
}
