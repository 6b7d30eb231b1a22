//! Applications and their secrets.

use serde::Serialize;

use super::body::Fields;
use super::{Call, Stop, list, missing, unexpected};
use crate::directory::Status;
use crate::directory::application::{Application, ApplicationPatch, SecretRow};
use crate::directory::platform_command::{Command, Reply as PlatformReply};
use crate::protocol::client::{ClientId, ClientType};
use crate::protocol::secret::Secret;
use crate::store::ports::Ports;
use crate::token::{client_secret, random_id};
use crate::web::reply::Reply;

/// The words of a status.
pub const STATUSES: &[(&str, Status)] =
    &[("active", Status::Active), ("suspended", Status::Suspended)];
const TYPES: &[(&str, ClientType)] = &[
    ("confidential", ClientType::Confidential),
    ("public", ClientType::Public),
];

#[derive(Serialize)]
struct ApplicationView<'a> {
    client_id: &'a ClientId,
    name: &'a str,
    description: &'a str,
    website: Option<&'a str>,
    redirect_uris: &'a [String],
    #[serde(rename = "type")]
    client_type: ClientType,
    require_pkce: bool,
    status: Status,
    created_at: String,
    secrets: Vec<SecretView<'a>>,
    /// The new secret, this once.
    #[serde(flatten)]
    fresh: Option<FreshSecret<'a>>,
}

#[derive(Serialize)]
struct SecretView<'a> {
    id: &'a str,
    created_at: String,
    last_used_at: Option<String>,
}

#[derive(Serialize)]
struct FreshSecret<'a> {
    secret_id: &'a str,
    client_secret: &'a str,
}

/// Never the hash.
fn secret(row: &SecretRow) -> SecretView<'_> {
    SecretView {
        id: &row.id,
        created_at: row.created_at.rfc3339(),
        last_used_at: row.last_used_at.map(|at| at.rfc3339()),
    }
}

fn view<'a>(row: &'a Application, fresh: Option<FreshSecret<'a>>) -> ApplicationView<'a> {
    ApplicationView {
        client_id: &row.client_id,
        name: &row.name,
        description: &row.description,
        website: row.website.as_deref(),
        redirect_uris: &row.redirect_uris,
        client_type: row.client_type,
        require_pkce: row.require_pkce,
        status: row.status,
        created_at: row.created_at.rfc3339(),
        secrets: row.secrets.iter().map(secret).collect(),
        fresh,
    }
}

/// The application of this id, or 404.
pub async fn find<P: Ports>(call: &Call<'_, P>, client_id: &str) -> Result<Application, Stop> {
    let client_id = ClientId::parse(client_id).ok_or_else(|| missing("application"))?;
    match call
        .platform(&Command::GetApplication { client_id }, "application")
        .await?
    {
        PlatformReply::Application(application) => Ok(*application),
        _ => Err(unexpected()),
    }
}

/// Those of these applications that there are.
pub async fn find_all<P: Ports>(
    call: &Call<'_, P>,
    client_ids: Vec<ClientId>,
) -> Result<Vec<Application>, Stop> {
    match call
        .platform(&Command::FindApplications { client_ids }, "application")
        .await?
    {
        PlatformReply::Applications(page) => Ok(page.items),
        _ => Err(unexpected()),
    }
}

/// `GET /api/admin/applications`, in the order they were registered.
pub async fn list<P: Ports>(call: &Call<'_, P>) -> Result<Reply, Stop> {
    let command = Command::ListApplications(call.page(list::is_number)?);
    let PlatformReply::Applications(page) = call.platform(&command, "application").await? else {
        return Err(unexpected());
    };
    let items: Vec<_> = page.items.iter().map(|row| view(row, None)).collect();
    Ok(list::reply(items, page.next.as_deref()))
}

fn patch(fields: &mut Fields) -> Result<ApplicationPatch, Stop> {
    Ok(ApplicationPatch {
        name: fields.text("name")?,
        description: fields.text("description")?,
        website: fields.nullable_text("website")?,
        redirect_uris: fields.texts("redirect_uris")?,
        client_type: fields.word("type", TYPES)?,
        require_pkce: fields.flag("require_pkce")?,
        status: None,
    })
}

fn draw<P: Ports>(call: &Call<'_, P>) -> (String, Secret<String>) {
    (
        random_id("sec_", call.ports),
        client_secret::draw(call.ports),
    )
}

/// `POST /api/admin/applications`: a confidential one gets its first secret, which is shown this once.
pub async fn create<P: Ports>(call: &Call<'_, P>) -> Result<Reply, Stop> {
    let mut fields = call.fields().await?;
    let patch = patch(&mut fields)?;
    fields.required("name", patch.name.as_ref())?;
    fields.required("redirect_uris", patch.redirect_uris.as_ref())?;
    let client_type = fields.required("type", patch.client_type)?;
    fields.finish()?;
    let fresh = match client_type {
        ClientType::Public => None,
        ClientType::Confidential => Some(draw(call)),
    };
    let command = Command::CreateApplication {
        patch,
        client_type,
        secret: fresh
            .as_ref()
            .map(|(id, secret)| (id.clone(), client_secret::hash(secret.expose()))),
        attempt: random_id("", call.ports),
    };
    let PlatformReply::Application(row) = call.platform(&command, "application").await? else {
        return Err(unexpected());
    };
    call.changed();
    let fresh = fresh.as_ref().map(|(secret_id, secret)| FreshSecret {
        secret_id,
        client_secret: secret.expose(),
    });
    Ok(Reply::json(201, &view(&row, fresh)))
}

/// `GET …/applications/{client_id}`.
pub async fn get<P: Ports>(call: &Call<'_, P>, client_id: &str) -> Result<Reply, Stop> {
    Ok(Reply::json(200, &view(&find(call, client_id).await?, None)))
}

/// `PATCH …/applications/{client_id}`.
pub async fn change<P: Ports>(call: &Call<'_, P>, client_id: &str) -> Result<Reply, Stop> {
    let client_id = find(call, client_id).await?.client_id;
    let mut fields = call.fields().await?;
    let patch = ApplicationPatch {
        status: fields.word("status", STATUSES)?,
        ..patch(&mut fields)?
    };
    fields.only_shown(&["client_id", "created_at", "secrets"])?;
    fields.finish()?;
    let command = Command::PatchApplication { client_id, patch };
    let PlatformReply::Application(row) = call.platform(&command, "application").await? else {
        return Err(unexpected());
    };
    call.changed();
    Ok(Reply::json(200, &view(&row, None)))
}

/// `DELETE …/applications/{client_id}`.
pub async fn delete<P: Ports>(call: &Call<'_, P>, client_id: &str) -> Result<Reply, Stop> {
    let client_id = find(call, client_id).await?.client_id;
    call.take_away(&Command::DeleteApplication { client_id }, "application")
        .await?;
    call.changed();
    Ok(Reply::empty(204))
}

/// `POST …/applications/{client_id}/secrets`: a second secret, valid beside the first, shown this once.
pub async fn add_secret<P: Ports>(call: &Call<'_, P>, client_id: &str) -> Result<Reply, Stop> {
    let client_id = find(call, client_id).await?.client_id;
    call.no_fields().await?;
    let (id, secret) = draw(call);
    let command = Command::AddSecret {
        client_id,
        id: id.clone(),
        hash: client_secret::hash(secret.expose()),
    };
    call.platform(&command, "application").await?;
    call.changed();
    let fresh = FreshSecret {
        secret_id: &id,
        client_secret: secret.expose(),
    };
    Ok(Reply::json(201, &fresh))
}

/// `DELETE …/applications/{client_id}/secrets/{secret_id}`.
pub async fn delete_secret<P: Ports>(
    call: &Call<'_, P>,
    client_id: &str,
    secret_id: &str,
) -> Result<Reply, Stop> {
    let application = find(call, client_id).await?;
    if !application.secrets.iter().any(|row| row.id == secret_id) {
        return Err(missing("secret"));
    }
    let command = Command::DeleteSecret {
        client_id: application.client_id,
        id: secret_id.to_owned(),
    };
    call.take_away(&command, "secret").await?;
    call.changed();
    Ok(Reply::empty(204))
}
