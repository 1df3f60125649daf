//! From what a grant says of a cluster to a client that may ask it: no proxy, no unverified certificate, nobody else's name and no program that was not granted.

use std::path::{Path, PathBuf};

use kube::config::{AuthInfo, Cluster, KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use lockstep_grant::KubeAccess;
use lockstep_model::{Failure, Secret};

use crate::exchange;

/// The cluster, with the credentials as they are now.
pub(crate) async fn cluster(access: &KubeAccess, value: &Secret<Vec<u8>>) -> Result<exchange::Cluster, Failure> {
    let mut config = match access {
        KubeAccess::InCluster => Config::incluster().map_err(|error| wrong(format!("this is not a pod with a service account: {error}")))?,
        KubeAccess::Kubeconfig { file, context, impersonate, plugins } => from_file(file, context, impersonate.as_deref(), plugins).await?,
        KubeAccess::Server { url, token, authority } => server(url, token, authority.as_deref(), value)?,
    };
    // The environment's proxies are not the operator's grant, and a library's own retry would answer after minutes for what has a deadline of seconds.
    config.proxy_url = None;
    config.default_retry = false;
    if config.cluster_url.scheme_str() != Some("https") {
        return Err(wrong("the cluster's server is not `https://…`: what is not verified is not asked".to_owned()));
    }
    let at = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    Ok(exchange::Cluster::of(Client::try_from(config).map_err(|error| wrong(error.to_string()))?, at))
}

fn server(url: &str, token: &str, authority: Option<&Path>, value: &Secret<Vec<u8>>) -> Result<Config, Failure> {
    let mut config = Config::new(url.parse().map_err(|error| wrong(format!("the server `{url}`: {error}")))?);
    config.root_cert_file = authority.map(Path::to_owned);
    let value = std::str::from_utf8(value.expose()).unwrap_or_default().trim();
    if value.is_empty() {
        return Err(wrong(format!("the token, secret `{token}`, has no value that could be one")));
    }
    config.auth_info.token = Some(value.to_owned().into());
    Ok(config)
}

async fn from_file(file: &Path, context: &str, impersonate: Option<&str>, plugins: &[PathBuf]) -> Result<Config, Failure> {
    let shown = file.display();
    let kubeconfig = Kubeconfig::read_from(file).map_err(|error| wrong(format!("{shown}: {error}")))?;
    let named = kubeconfig.contexts.iter().find(|named| named.name == context).and_then(|named| named.context.as_ref());
    let Some(named) = named else {
        let known: Vec<&str> = kubeconfig.contexts.iter().map(|named| named.name.as_str()).collect();
        return Err(wrong(format!("{shown} has no context `{context}`; it has {}", known.join(", "))));
    };
    let cluster = kubeconfig.clusters.iter().find(|cluster| cluster.name == named.cluster).and_then(|cluster| cluster.cluster.as_ref());
    let user = kubeconfig.auth_infos.iter().find(|user| Some(&user.name) == named.user.as_ref()).and_then(|user| user.auth_info.as_ref());
    cluster
        .map_or(Ok(()), check_cluster)
        .and_then(|()| user.map_or(Ok(()), |user| check_user(user, impersonate, plugins)))
        .map_err(|what| wrong(format!("{shown}, context `{context}`: {what}")))?;
    let options = KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
    Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| wrong(format!("{shown}, context `{context}`: {error}")))
}

fn check_cluster(cluster: &Cluster) -> Result<(), String> {
    if cluster.insecure_skip_tls_verify == Some(true) {
        return Err("`insecure-skip-tls-verify`: the server's certificate is always verified; give its authority instead".to_owned());
    }
    match &cluster.proxy_url {
        Some(proxy) if !proxy.is_empty() => Err("`proxy-url`: no proxy is used".to_owned()),
        Some(_) | None => Ok(()),
    }
}

fn check_user(user: &AuthInfo, impersonate: Option<&str>, plugins: &[PathBuf]) -> Result<(), String> {
    let more = user.impersonate_groups.is_some() || user.impersonate_uid.is_some() || user.impersonate_user_extra.is_some();
    match (user.impersonate.as_deref(), impersonate) {
        (None, None) if !more => {}
        (Some(found), Some(granted)) if found == granted && !more => {}
        (Some(found), None) => return Err(format!("it impersonates `{found}`: the grant must say so, `impersonate = \"{found}\"`")),
        (None, Some(granted)) => return Err(format!("the grant says `impersonate = \"{granted}\"`, and it impersonates nobody")),
        (Some(found), Some(granted)) if found != granted => return Err(format!("it impersonates `{found}`, the grant says `{granted}`")),
        (Some(_) | None, _) => return Err("`as-groups`, `as-uid` and `as-user-extra` are not granted to anybody".to_owned()),
    }
    if user.auth_provider.is_some() {
        return Err("`auth-provider` is a thing of the past: use a token, a certificate or `exec`".to_owned());
    }
    let Some(exec) = &user.exec else { return Ok(()) };
    let program = exec.command.clone().unwrap_or_default();
    if plugins.iter().any(|granted| granted.as_path() == Path::new(&program)) {
        return Ok(());
    }
    Err(format!("it gets its credentials from the program `{program}`: the grant must name it by its absolute path, in `plugins`, and the file as well"))
}

fn wrong(message: String) -> Failure {
    Failure::problem("kube.config", message)
}
