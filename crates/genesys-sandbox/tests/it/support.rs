//! A client small enough to see every byte that matters.

use genesys_sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox, SandboxBuilder};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

pub(crate) struct Setup {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    async fn read(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap()
        };
        Self {
            status,
            headers,
            body,
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn id(&self) -> String {
        self.body["id"].as_str().unwrap().to_owned()
    }
}

impl Setup {
    pub(crate) async fn new() -> Self {
        Self::with(Sandbox::builder()).await
    }

    pub(crate) async fn with(builder: SandboxBuilder) -> Self {
        let sandbox = builder.start().await.unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .pool_max_idle_per_host(0)
            .build()
            .unwrap();
        let token = token(&http, &sandbox, CLIENT_ID, CLIENT_SECRET).await;
        Self {
            sandbox,
            http,
            token,
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.sandbox.api_url()))
            .bearer_auth(&self.token)
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn create(&self, name: &str) -> String {
        let answer = self.post("/api/v2/integrations", definition(name)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.id()
    }
}

pub(crate) async fn token(
    http: &reqwest::Client,
    sandbox: &Sandbox,
    id: &str,
    secret: &str,
) -> String {
    let response = http
        .post(format!("{}/oauth/token", sandbox.login_url()))
        .basic_auth(id, Some(secret))
        .form(&[("grant_type", "client_credentials")])
        .send()
        .await
        .unwrap();
    let answer = Answer::read(response).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["access_token"].as_str().unwrap().to_owned()
}

pub(crate) async fn read(response: Response) -> Answer {
    Answer::read(response).await
}

/// The source document's integration, inactive.
pub(crate) fn definition(name: &str) -> Value {
    json!({
        "name": name,
        "endpoint": "https://api.example.com/v1/cases",
        "integrationType": "Custom",
        "authentication": {"authenticationType": "Basic", "username": "crm_user", "password": "crm-password"},
        "dataMapping": [
            {"sourceField": "caseId", "targetField": "genesys_case_id", "transformation": "Direct"},
            {"sourceField": "priority", "targetField": "genesys_priority", "transformation": "Direct"},
        ],
        "status": "inactive",
    })
}
