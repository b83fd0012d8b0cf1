//! How a token request looks on the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use genesys_core::{Error, ErrorKind, Hosts};
use http::{HeaderValue, Request, header};
use secrecy::ExposeSecret;
use url::{Url, form_urlencoded};

use crate::credentials::ClientCredentials;

const FORM: &str = "application/x-www-form-urlencoded";
const GRANT: (&str, &str) = ("grant_type", "client_credentials");

/// How the token request looks on the wire.
///
/// [`Basic`](Self::Basic) is what the platform takes. The other forms are those of published tutorials; the sandbox
/// serves them, the platform does not, and they are accepted for loopback hosts only, so that no secret is sent in a
/// body to a host that never asked for it there.
///
/// Every body is made by an encoder: a secret may hold any character.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TokenWire {
    /// `POST <login host>/oauth/token`, HTTP Basic with `base64(id:secret)`, form body `grant_type=client_credentials`.
    ///
    /// Id and secret go into the header as they are. RFC 6749, section 2.3.1, would form-encode both first; the
    /// platform and its official clients do not.
    #[default]
    Basic,
    /// `POST <API host>/api/v2/oauth/token`, form body with `client_id`, `client_secret` and `scope`. Loopback only.
    FormScope {
        /// The scopes, separated by spaces.
        scope: String,
    },
    /// `POST <API host>/oauth/token`, form body with `client_id` and `client_secret`. Loopback only.
    Form,
    /// `POST <API host>/oauth/token`, JSON body with `client_id`, `client_secret` and `scope`. Loopback only.
    JsonScope {
        /// The scopes, separated by spaces.
        scope: String,
    },
}

impl TokenWire {
    /// Where the request goes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for a form that the platform does not serve and a host that is not loopback.
    pub fn url(&self, hosts: &Hosts) -> Result<Url, Error> {
        let (base, path) = match self {
            Self::Basic => (hosts.login(), "oauth/token"),
            Self::FormScope { .. } => (hosts.api(), "api/v2/oauth/token"),
            Self::Form | Self::JsonScope { .. } => (hosts.api(), "oauth/token"),
        };
        if *self != Self::Basic && !Hosts::is_loopback(base) {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "only the sandbox on a loopback address takes this form of the token request",
            ));
        }
        base.join(path)
            .map_err(|error| Error::new(ErrorKind::Config, format!("token URL: {error}")))
    }

    /// The request to `url`.
    pub(crate) fn request(
        &self,
        url: &Url,
        credentials: &ClientCredentials,
        user_agent: &HeaderValue,
    ) -> Result<Request<Bytes>, Error> {
        let (id, secret) = (credentials.id(), credentials.secret().expose_secret());
        let in_body = [GRANT, ("client_id", id), ("client_secret", secret)];
        let (content_type, body) = match self {
            Self::Basic => (FORM, form(&[GRANT])),
            Self::Form => (FORM, form(&in_body)),
            Self::FormScope { scope } => {
                let [grant, id, secret] = in_body;
                (FORM, form(&[grant, id, secret, ("scope", scope)]))
            }
            Self::JsonScope { scope } => {
                let body = serde_json::json!({
                    "grant_type": GRANT.1, "client_id": id, "client_secret": secret, "scope": scope,
                });
                ("application/json", body.to_string())
            }
        };
        let mut request = Request::post(url.as_str())
            .header(header::CONTENT_TYPE, content_type)
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, user_agent);
        if *self == Self::Basic {
            request = request.header(header::AUTHORIZATION, basic(credentials)?);
        }
        request
            .body(Bytes::from(body))
            .map_err(|_| Error::new(ErrorKind::Config, "the token URL cannot stand in a request"))
    }
}

/// The text after `Basic `.
pub(crate) fn basic_credentials(credentials: &ClientCredentials) -> String {
    STANDARD.encode(format!(
        "{}:{}",
        credentials.id(),
        credentials.secret().expose_secret()
    ))
}

fn basic(credentials: &ClientCredentials) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::try_from(format!("Basic {}", basic_credentials(credentials)))
        .map_err(|_| {
            Error::new(
                ErrorKind::Config,
                "the credentials cannot stand in a header",
            )
        })?;
    value.set_sensitive(true);
    Ok(value)
}

fn form(members: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(members)
        .finish()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use genesys_core::Region;
    use proptest::prelude::*;

    const AGENT: HeaderValue = HeaderValue::from_static("test");

    fn send(wire: &TokenWire, id: &str, secret: &str) -> Request<Bytes> {
        let hosts = Hosts::from_base("http://127.0.0.1:8090").unwrap();
        let credentials = ClientCredentials::new(id, secret).unwrap();
        wire.request(&wire.url(&hosts).unwrap(), &credentials, &AGENT)
            .unwrap()
    }

    fn decoded(request: &Request<Bytes>) -> BTreeMap<String, String> {
        form_urlencoded::parse(request.body())
            .into_owned()
            .collect()
    }

    #[test]
    fn the_platform_form_is_basic_on_the_login_host_with_exactly_one_member() {
        // errata ALL-01, ALL-02, WID-01, RST-01, RST-02, RST-04
        for &region in Region::ALL {
            let hosts = Hosts::from(region);
            let url = TokenWire::Basic.url(&hosts).unwrap();
            assert_eq!(
                url.as_str(),
                format!("https://login.{}/oauth/token", region.domain())
            );
            assert_ne!(url.host_str(), hosts.api().host_str());
        }
        let request = send(&TokenWire::Basic, "id", "secret");
        assert_eq!(request.body().as_ref(), b"grant_type=client_credentials");
        assert_eq!(
            request.headers()[header::AUTHORIZATION],
            "Basic aWQ6c2VjcmV0"
        );
        assert!(request.headers()[header::AUTHORIZATION].is_sensitive());
        assert_eq!(request.headers()[header::CONTENT_TYPE], FORM);
    }

    #[test]
    fn a_gateway_prefix_is_kept() {
        let hosts = Hosts::new(
            "https://gw.example.com/api-prefix",
            "https://gw.example.com/login-prefix",
        )
        .unwrap();
        let url = TokenWire::Basic.url(&hosts).unwrap();
        assert_eq!(
            url.as_str(),
            "https://gw.example.com/login-prefix/oauth/token"
        );
    }

    #[test]
    fn the_tutorial_forms_are_refused_off_loopback() {
        // errata WID-01, RST-01
        let scope = String::from("a:b c:d");
        let wires = [
            TokenWire::Form,
            TokenWire::FormScope {
                scope: scope.clone(),
            },
            TokenWire::JsonScope { scope },
        ];
        for wire in wires {
            for base in [
                "https://api.mypurecloud.com",
                "https://127.0.0.1.example.com",
                "https://10.0.0.1",
            ] {
                let error = wire.url(&Hosts::from_base(base).unwrap()).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unsupported, "{wire:?} {base}");
            }
            assert!(
                wire.url(&Hosts::from_base("http://[::1]:1").unwrap())
                    .is_ok()
            );
            assert!(
                wire.url(&Hosts::from_base("http://localhost:1").unwrap())
                    .is_ok()
            );
        }
    }

    proptest! {
        #[test]
        fn any_secret_survives_every_form(secret in "[^\\p{Cc}]{1,40}", scope in "[a-z:]{1,9} [a-z:]{1,9}") {
            // errata ALL-02, WID-02
            prop_assume!(!secret.trim().is_empty());
            let secret = format!("{secret}& + = % ü€");
            let basic = send(&TokenWire::Basic, "id", &secret);
            let text = basic.headers()[header::AUTHORIZATION].to_str().unwrap().strip_prefix("Basic ").unwrap();
            prop_assert_eq!(STANDARD.decode(text).unwrap(), format!("id:{secret}").into_bytes());

            let form = decoded(&send(&TokenWire::Form, "id", &secret));
            prop_assert_eq!(form.len(), 3);
            prop_assert_eq!(&form["client_secret"], &secret);

            let form = decoded(&send(&TokenWire::FormScope { scope: scope.clone() }, "id", &secret));
            prop_assert_eq!(form.len(), 4);
            prop_assert_eq!(&form["client_secret"], &secret);
            prop_assert_eq!(&form["scope"], &scope);

            let json = send(&TokenWire::JsonScope { scope: scope.clone() }, "id", &secret);
            let json: serde_json::Value = serde_json::from_slice(json.body()).unwrap();
            prop_assert_eq!(&json["client_secret"], &secret);
            prop_assert_eq!(&json["scope"], &scope);
            prop_assert_eq!(&json["grant_type"], "client_credentials");
        }
    }
}
