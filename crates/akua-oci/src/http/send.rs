//! A request on its way: redirects and challenges.

use http_auth::parser::ChallengeParser;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use reqwest::{Method, Response, Url};
use serde::Deserialize;

use super::{Document, Http, Request, network, within};
use crate::hosts::{HostError, authority_of, host_of, is_loopback, same_origin};
use crate::{Credential, FetchError, ProtocolProblem, Redacted, RemoteText, Secret};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What a server asks for with status 401.
enum Challenge {
    /// User and password, or a token, with each request.
    Basic,
    /// A token, from a token server.
    Bearer {
        /// The token server.
        realm: Option<String>,
        /// The name of the registry there.
        service: Option<String>,
    },
}

/// What a token server says.
#[derive(Deserialize)]
struct TokenAnswer {
    /// The token.
    token: Option<String>,
    /// The same under OAuth's name.
    access_token: Option<String>,
}

impl Http {
    /// Sends a request once: follows redirects, answers one challenge, and checks the status.
    pub(crate) async fn send(&self, request: &Request) -> Result<Response, FetchError> {
        let origin = origin_of(&request.url);
        let known = self.authorization(&origin, &request.scope);
        let answer = self.follow(request, known.as_ref()).await?;
        // A challenge of another host, reached by a redirect, is not answered.
        if answer.status() != 401 || !same_origin(answer.url(), &request.url) {
            return self.check_status(request, known.as_ref(), answer).await;
        }
        let Some(header) = self.answer_challenge(request, &answer).await? else {
            return self.check_status(request, known.as_ref(), answer).await;
        };
        let answer = self.follow(request, Some(&header)).await?;
        if !matches!(answer.status().as_u16(), 401 | 403) {
            self.remember(&origin, &request.scope, header.clone());
        }
        self.check_status(request, Some(&header), answer).await
    }

    /// Fetches a document with a secret that was handed in, shown to the origin of the request alone.
    pub(crate) async fn document_as(
        &self,
        request: &Request,
        bearer: &Redacted,
        limit_bytes: u64,
    ) -> Result<Document, FetchError> {
        let header = secret_header("Bearer", bearer.reveal());
        let limit = self.limits.document_timeout;
        let once = || async {
            let exchange = async {
                let answer = self.follow(request, header.as_ref()).await?;
                let answer = self.check_status(request, header.as_ref(), answer).await?;
                self.read_document(&request.what, answer, limit_bytes).await
            };
            within(&request.what, limit, exchange).await
        };
        self.with_retries(once).await
    }

    /// Sends a request and follows redirects; the authorization stays with the first origin.
    async fn follow(
        &self,
        request: &Request,
        authorization: Option<&HeaderValue>,
    ) -> Result<Response, FetchError> {
        let may_follow = matches!(request.method, Method::GET | Method::HEAD);
        let mut url = request.url.clone();
        let mut own = authorization;
        for _hop in 0..=self.limits.redirects {
            // Once left behind it stays behind: whoever sends us back chose the path.
            own = own.filter(|_| same_origin(&url, &request.url));
            let answer = self.exchange(request, url.clone(), own).await?;
            if !answer.status().is_redirection() || answer.status() == 304 {
                return Ok(answer);
            }
            if !may_follow {
                let code = answer.status().as_u16();
                return Err(problem(request, ProtocolProblem::Status(code)));
            }
            let next = location(request, &answer)?;
            self.rules.check_step(&url, &next).map_err(|reason| refused(request, reason))?;
            url = next;
        }
        Err(problem(request, ProtocolProblem::Redirects(self.limits.redirects)))
    }

    /// One request, one answer.
    async fn exchange(
        &self,
        request: &Request,
        url: Url,
        authorization: Option<&HeaderValue>,
    ) -> Result<Response, FetchError> {
        self.rules.check_url(&url).map_err(|reason| refused(request, reason))?;
        self.meter.request(&request.what)?;
        let mut builder =
            self.client.request(request.method.clone(), url).headers(request.headers.clone());
        if let Some(header) = authorization {
            builder = builder.header(AUTHORIZATION, header);
        }
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let limit = self.limits.idle_timeout;
        builder.send().await.map_err(|err| network(&request.what, limit, &err))
    }

    /// The authorization that a 401 asks for; none where we have nothing to show.
    async fn answer_challenge(
        &self,
        request: &Request,
        answer: &Response,
    ) -> Result<Option<HeaderValue>, FetchError> {
        let credential = self.credentials.get(&authority_of(&request.url));
        match challenge(answer) {
            Some(Challenge::Basic) => Ok(credential.and_then(|known| direct(&known.secret))),
            Some(Challenge::Bearer { realm, service }) => {
                if let Some(Credential { secret: Secret::Token(_), .. }) = credential {
                    return Ok(credential.and_then(|known| direct(&known.secret)));
                }
                let Some(realm) = realm else { return Ok(None) };
                let realm = answer.url().join(&realm).map_err(|_malformed| {
                    problem(request, ProtocolProblem::Header("WWW-Authenticate"))
                })?;
                self.fetch_token(request, &realm, service.as_deref(), credential).await.map(Some)
            }
            None if credential.is_some() => Err(problem(request, ProtocolProblem::Challenge)),
            None => Ok(None),
        }
    }

    /// Asks a token server for a token, with our credentials if it may see them.
    async fn fetch_token(
        &self,
        request: &Request,
        realm: &Url,
        service: Option<&str>,
        credential: Option<&Credential>,
    ) -> Result<HeaderValue, FetchError> {
        self.rules.check_step(&request.url, realm).map_err(|reason| refused(request, reason))?;
        if let Some(credential) = credential {
            check_realm(request, realm, credential)?;
        }
        let secret = credential.map(|known| &known.secret);
        let registry = authority_of(&request.url);
        let (request, header) = token_request(request, realm, service, secret);
        // No redirect is followed: a token server has no business sending a secret anywhere.
        let exchange = async {
            let answer = self.exchange(&request, request.url.clone(), header.as_ref()).await?;
            let answer = self.check_status(&request, header.as_ref(), answer).await?;
            self.read_document(&request.what, answer, self.limits.token_bytes).await
        };
        let document =
            exchange.await.map_err(|error| name_registry(error, &registry, secret.is_some()))?;
        let answer: Option<TokenAnswer> = serde_json::from_slice(&document.bytes).ok();
        let token = answer.and_then(|answer| answer.token.or(answer.access_token));
        let header = token
            .filter(|token| !token.is_empty())
            .and_then(|token| secret_header("Bearer", &token));
        header.ok_or_else(|| problem(&request, ProtocolProblem::Token))
    }
}

/// The request for a token, and the header that goes with it.
///
/// # Spec
/// Docker registry, "Token Authentication Specification" and the page on `OAuth2` after it.
fn token_request(
    request: &Request,
    realm: &Url,
    service: Option<&str>,
    secret: Option<&Secret>,
) -> (Request, Option<HeaderValue>) {
    let mut fields = Vec::new();
    if let Some(service) = service {
        fields.push(("service", service));
    }
    if !request.scope.is_empty() {
        fields.push(("scope", request.scope.as_str()));
    }
    let mut url = realm.clone();
    if let Some(Secret::Identity(token)) = secret {
        fields.extend([("grant_type", "refresh_token"), ("client_id", "akua")]);
        fields.push(("refresh_token", token.reveal()));
        let mut form = realm.clone();
        form.set_query(None);
        let body = form.query_pairs_mut().extend_pairs(fields).finish().query().map(str::to_owned);
        let mut post = Request::get(url, request.what.clone()).method(Method::POST);
        let content = HeaderValue::from_static("application/x-www-form-urlencoded");
        post.headers.insert(CONTENT_TYPE, content);
        return (post.body(body.unwrap_or_default().into()), None);
    }
    url.query_pairs_mut().extend_pairs(fields);
    (Request::get(url, request.what.clone()), secret.and_then(direct))
}

/// Whether a token server may see the credentials of the registry: it is the registry, or it is
/// named in `auth.toml` and reached by https (or, from loopback, on loopback).
fn check_realm(request: &Request, realm: &Url, credential: &Credential) -> Result<(), FetchError> {
    let private = realm.scheme() == "https"
        || (is_loopback(&host_of(realm)) && is_loopback(&host_of(&request.url)));
    let named = credential.realm.as_deref() == Some(authority_of(realm).as_str());
    if same_origin(realm, &request.url) || (named && private) {
        return Ok(());
    }
    let (host, realm) = (authority_of(&request.url), authority_of(realm));
    Err(refused(request, HostError::Realm { host, realm }))
}

/// The first challenge of an answer that we can meet: a token before a password.
fn challenge(answer: &Response) -> Option<Challenge> {
    let mut basic = None;
    for header in answer.headers().get_all(WWW_AUTHENTICATE) {
        let Ok(text) = header.to_str() else { continue };
        for challenge in ChallengeParser::new(text).map_while(Result::ok) {
            let parameter = |name: &str| {
                let found = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                found.map(|(_, value)| value.to_unescaped())
            };
            if challenge.scheme.eq_ignore_ascii_case("bearer") {
                let (realm, service) = (parameter("realm"), parameter("service"));
                return Some(Challenge::Bearer { realm, service });
            }
            if challenge.scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Challenge::Basic);
            }
        }
    }
    basic
}

/// The header that shows a secret as it is; an identity token is for token servers only.
fn direct(secret: &Secret) -> Option<HeaderValue> {
    match secret {
        Secret::Basic { username, password } => {
            let pair = format!("{username}:{}", password.reveal());
            secret_header("Basic", &STANDARD.encode(pair))
        }
        Secret::Token(token) => secret_header("Bearer", token.reveal()),
        Secret::Identity(_) => None,
    }
}

/// A header that does not print.
fn secret_header(scheme: &str, secret: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(&format!("{scheme} {secret}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// The error of a token server, told of the registry that it speaks for: credentials are the latter's.
fn name_registry(error: FetchError, registry: &str, known: bool) -> FetchError {
    match error {
        FetchError::Auth { what, status, said, .. } => {
            FetchError::Auth { what, host: registry.to_owned(), status, known, said }
        }
        other => other,
    }
}

/// Where a redirect leads.
fn location(request: &Request, answer: &Response) -> Result<Url, FetchError> {
    let text = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let next = text.and_then(|text| answer.url().join(text).ok());
    next.ok_or_else(|| problem(request, ProtocolProblem::Location))
}

/// Scheme, host and port as one text.
fn origin_of(url: &Url) -> String {
    format!("{}://{}", url.scheme(), authority_of(url))
}

/// A host that the rules refuse.
fn refused(request: &Request, reason: HostError) -> FetchError {
    FetchError::Host { what: request.what.clone(), reason }
}

/// A server that breaks the protocol.
pub(super) fn problem(request: &Request, problem: ProtocolProblem) -> FetchError {
    FetchError::Protocol { what: request.what.clone(), problem, said: RemoteText::default() }
}
