//! What the grant says to each kind of request: the only place where a `Granted` is made.

use lockstep_model::request::{
    ArtifactRequest, ClockRequest, DbRequest, FilesRequest, HttpRequest, KubeRequest, LogRequest, RandomRequest, RedisRequest, RememberRequest, Request,
    SecretRequest, ShellRequest,
};

use crate::Grant;
use crate::explain::{Explanation, Notes, Unwatched, Watch};
use crate::granted::{ALWAYS, Decision, Denial, Destination, Grantable, Granted};
use crate::hint;
use crate::rules::KubeAccess;
use crate::rules::RedisRule;
use crate::terms::{DbTerms, FilesTerms, HttpTerms, KubeTerms, RedisTerms, ShellTerms};

impl Grantable for HttpRequest {
    type Terms = HttpTerms;

    fn decide(&self, grant: &Grant) -> Decision<Self> {
        decide_http(self, grant, &mut Unwatched).into()
    }

    fn explain(&self, grant: &Grant) -> Explanation {
        let mut notes = Notes::default();
        let decision = decide_http(self, grant, &mut notes).into();
        notes.explain::<Self>(decision)
    }

    fn destination(&self) -> Option<Destination> {
        Some(Destination::Url(self.url.clone()))
    }
}

fn decide_http(request: &HttpRequest, grant: &Grant, watch: &mut dyn Watch) -> Result<Granted<HttpRequest>, Denial> {
    let rules = grant.http();
    let (rule, placed) = rules.decide(&request.method, &request.url, watch)?;
    for capture in &request.captures {
        check_capture(&capture.secret, grant)?;
    }
    let terms = HttpTerms {
        private_addresses: rules.private_addresses.clone(),
        authorities: rules.authorities.clone(),
        rules: rules.clone(),
        body_limit: rules.body_limit,
    };
    Ok(Granted::new(request.clone(), crate::judge::Rule::place(rule).to_string(), rule.class.unwrap_or(request.class()), terms).placing(placed))
}

fn check_capture(id: &str, grant: &Grant) -> Result<(), Denial> {
    match grant.secret(id) {
        Some(secret) if secret.may_be_captured() => Ok(()),
        Some(secret) => {
            Err(Denial::by_rule(&secret.place, format!("to capture into secret {} is not allowed: it has a source", hint::shown(id))).without_hint())
        }
        None => Err(Denial::by_default(
            format!("to capture into secret {} is not allowed: it is not declared", hint::shown(id)),
            hint::quoted(id)
                .and_then(|id| hint::fitting(format!("add to `[secrets]`, with where it may go:\n{id} = {{ capture = true, to = [\"https://…\"] }}"))),
        )),
    }
}

impl Grantable for ShellRequest {
    type Terms = ShellTerms;

    fn decide(&self, grant: &Grant) -> Decision<Self> {
        decide_shell(self, grant, &mut Unwatched).into()
    }

    fn explain(&self, grant: &Grant) -> Explanation {
        let mut notes = Notes::default();
        let decision = decide_shell(self, grant, &mut notes).into();
        notes.explain::<Self>(decision)
    }

    fn destination(&self) -> Option<Destination> {
        Some(Destination::Program(self.program.clone()))
    }
}

fn decide_shell(request: &ShellRequest, grant: &Grant, watch: &mut dyn Watch) -> Result<Granted<ShellRequest>, Denial> {
    let (rule, terms) = grant.shell().decide(request, watch)?;
    Ok(Granted::new(request.clone(), crate::judge::Rule::place(rule).to_string(), rule.class.unwrap_or(request.class()), terms))
}

impl Grantable for KubeRequest {
    type Terms = KubeTerms;

    fn decide(&self, grant: &Grant) -> Decision<Self> {
        decide_kube(self, grant, &mut Unwatched).into()
    }

    fn explain(&self, grant: &Grant) -> Explanation {
        let mut notes = Notes::default();
        let decision = decide_kube(self, grant, &mut notes).into();
        notes.explain::<Self>(decision)
    }
}

fn decide_kube(request: &KubeRequest, grant: &Grant, watch: &mut dyn Watch) -> Result<Granted<KubeRequest>, Denial> {
    let rules = grant.kube();
    let (rule, access) = rules.decide(request, watch)?;
    let placed = match &**access {
        KubeAccess::Server { token, .. } => vec![token.clone()],
        KubeAccess::Kubeconfig { .. } | KubeAccess::InCluster => Vec::new(),
    };
    let terms = KubeTerms { access: access.clone(), list_limit: rules.list_limit(), log_limit: rules.log_limit() };
    Ok(Granted::new(request.clone(), crate::judge::Rule::place(rule).to_string(), request.class(), terms).placing(placed))
}

impl Grantable for FilesRequest {
    type Terms = FilesTerms;

    fn decide(&self, grant: &Grant) -> Decision<Self> {
        decide_files(self, grant, &mut Unwatched).into()
    }

    fn explain(&self, grant: &Grant) -> Explanation {
        let mut notes = Notes::default();
        let decision = decide_files(self, grant, &mut notes).into();
        notes.explain::<Self>(decision)
    }
}

fn decide_files(request: &FilesRequest, grant: &Grant, watch: &mut dyn Watch) -> Result<Granted<FilesRequest>, Denial> {
    let (mount, terms) = grant.files().decide(request, watch)?;
    Ok(Granted::new(request.clone(), mount.place.to_string(), request.class(), terms))
}

impl Grantable for RedisRequest {
    type Terms = RedisTerms;

    fn decide(&self, grant: &Grant) -> Decision<Self> {
        decide_redis(self, grant, &mut Unwatched).into()
    }

    fn explain(&self, grant: &Grant) -> Explanation {
        let mut notes = Notes::default();
        let decision = decide_redis(self, grant, &mut notes).into();
        notes.explain::<Self>(decision)
    }

    fn destination(&self) -> Option<Destination> {
        Some(Destination::Section(RedisRule::section(&self.store)))
    }
}

fn decide_redis(request: &RedisRequest, grant: &Grant, watch: &mut dyn Watch) -> Result<Granted<RedisRequest>, Denial> {
    let (rule, class, terms) = grant.redis().decide(request, watch)?;
    Ok(Granted::new(request.clone(), rule.place.to_string(), class, terms).placing(rule.secrets()))
}

impl Grantable for DbRequest {
    type Terms = DbTerms;

    fn decide(&self, grant: &Grant) -> Decision<Self> {
        decide_db(self, grant, &mut Unwatched).into()
    }

    fn explain(&self, grant: &Grant) -> Explanation {
        let mut notes = Notes::default();
        let decision = decide_db(self, grant, &mut notes).into();
        notes.explain::<Self>(decision)
    }
}

fn decide_db(request: &DbRequest, grant: &Grant, watch: &mut dyn Watch) -> Result<Granted<DbRequest>, Denial> {
    let (rule, terms) = grant.db().decide(request, watch)?;
    let placed = terms.at.placed();
    Ok(Granted::new(request.clone(), rule.place.to_string(), request.class(), terms).placing(placed))
}

impl Grantable for SecretRequest {
    type Terms = ();

    fn decide(&self, grant: &Grant) -> Decision<Self> {
        let Some(secret) = grant.secret(&self.id) else {
            let hint = hint::quoted(&self.id).map(|id| format!("add to `[secrets]`, with where it may go:\n{id} = {{ env = {id}, to = [\"https://…\"] }}"));
            return Decision::Denied(Denial::by_default(format!("secret {} is not declared", hint::shown(&self.id)), hint.and_then(hint::fitting)));
        };
        Decision::Allowed(Granted::new(self.clone(), secret.place.to_string(), self.class(), ()))
    }
}

/// What every procedure has: it touches nothing outside the run's own journal and store.
macro_rules! always {
    ($($request:ty),+) => {
        $(impl Grantable for $request {
            type Terms = ();

            fn decide(&self, _: &Grant) -> Decision<Self> {
                Decision::Allowed(Granted::new(self.clone(), ALWAYS, self.class(), ()))
            }
        })+
    };
}

always!(ArtifactRequest, ClockRequest, LogRequest, RandomRequest, RememberRequest);

impl<R: Grantable> From<Result<Granted<R>, Denial>> for Decision<R> {
    fn from(result: Result<Granted<R>, Denial>) -> Self {
        match result {
            Ok(granted) => Self::Allowed(granted),
            Err(denial) => Self::Denied(denial),
        }
    }
}

#[cfg(test)]
mod tests;
