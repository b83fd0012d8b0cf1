//! Credentials and their two kinds of pages.

use super::*;

#[tokio::test]
async fn credentials_take_their_types_fields_and_never_give_them_back() {
    let setup = start().await;
    let path = format!("{BASE}/credentials");
    let id = credential(&setup, "a").await;
    let shown = get(&setup, &format!("{path}/{id}")).await;
    assert!(
        !shown.body.to_string().contains("crm-password")
            && shown.body.get("credentialFields").is_none()
    );
    let changed = json!({"name": "b", "type": {"name": "basicAuth"}, "credentialFields": {"userName": "u", "password": "p"}});
    assert_eq!(
        call(
            &setup,
            Method::PUT,
            &format!("{path}/{id}"),
            Some(changed.clone())
        )
        .await
        .body["name"],
        "b"
    );
    let mut other = changed.clone();
    other["type"]["name"] = json!("userDefined");
    assert_eq!(
        call(&setup, Method::PUT, &format!("{path}/{id}"), Some(other))
            .await
            .status,
        400
    );
    for (member, value) in [
        ("type", json!({"name": "none"})),
        ("credentialFields", json!({"userName": "u"})),
        (
            "credentialFields",
            json!({"userName": "u", "password": "p", "more": "m"}),
        ),
        ("credentialFields", json!({"userName": "u", "password": 7})),
        ("name", json!("")),
    ] {
        let mut body = changed.clone();
        body[member] = value;
        assert_eq!(post(&setup, &path, body).await.status, 400, "{member}");
    }
    assert_eq!(get(&setup, &path).await.body["total"], 1);
}

#[tokio::test]
async fn a_cursor_walks_forth_and_back_and_survives_deletions_in_between() {
    let setup = start().await;
    let path = format!("{BASE}/credentials");
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(credential(&setup, &format!("c{n}")).await);
    }
    let ids_of = |page: &Value| -> Vec<String> {
        page["entities"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = get(&setup, &format!("{path}/listing?pageSize=2"))
        .await
        .body;
    assert!(first.get("total").is_none() && first.get("previousUri").is_none());
    call(&setup, Method::DELETE, &format!("{path}/{}", ids[1]), None).await;
    let second = get(&setup, first["nextUri"].as_str().unwrap()).await.body;
    assert_eq!(ids_of(&second), ids[2..4]);
    let last = get(&setup, second["nextUri"].as_str().unwrap()).await.body;
    assert_eq!(
        (ids_of(&last), last.get("nextUri")),
        (ids[4..].to_vec(), None)
    );
    let back = get(&setup, second["previousUri"].as_str().unwrap())
        .await
        .body;
    assert_eq!(ids_of(&back), ids[..1]);
    for bad in ["pageSize=201", "after=x", "after=aXRlbTox&before=aXRlbTox"] {
        assert_eq!(
            get(&setup, &format!("{path}/listing?{bad}")).await.status,
            400,
            "{bad}"
        );
    }
}
