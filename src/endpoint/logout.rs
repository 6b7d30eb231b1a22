//! Signing out (contract 3).
//!
//! Order of checks: 1. the form is read, 2. there is somebody to sign out, 3. the form is ours, of a session that this
//! browser has.

use super::Site;
use super::session::{self, form_token, is_ours};
use crate::pages::{SignOutPage, SignedOutPage};
use crate::store::ports::{Fault, Ports};
use crate::token::id::SessionId;
use crate::web::cookies::Cookie;
use crate::web::reply::{Forms, Reply};

const SIGN_OUT: &str = "sign out";

/// `GET /logout`: a page with the button, for signing out changes something.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn get<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    Ok(match session::signed_in(site, None).await? {
        None => signed_out(site),
        Some(person) => {
            let form_token = form_token(site, &person.cookie.session_id, SIGN_OUT, "");
            let page = SignOutPage {
                layout: site.layout(Some(person.person())),
                form_token,
            };
            Reply::page(200, page.html(), Forms::StayHere)
        }
    })
}

/// `POST /logout`.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn post<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    // 1.
    let form = match session::short_form(site).await? {
        Ok((_, form)) => form,
        Err(refusal) => return Ok(refusal),
    };
    // 2. Signed out in another tab: whose the form's token was cannot be told any more, only that there is one. No
    //    cookie is removed: a form of another site comes without ours, and must not sign anybody out.
    let cookies = session::cookies(site);
    if cookies.is_empty() && form.get("form_token").is_some() {
        return Ok(signed_out(site));
    }
    // 3.
    if !cookies
        .iter()
        .any(|cookie| is_ours(site, &form, &cookie.session_id, SIGN_OUT, ""))
    {
        return Ok(session::not_ours(site));
    }
    for cookie in &cookies {
        session::end(site, cookie).await?;
    }
    Ok(signed_out(site).with("set-cookie", Cookie::Session.remove(site.head)))
}

fn signed_out<P: Ports>(site: &Site<'_, P>) -> Reply {
    let page = SignedOutPage {
        layout: site.layout(None),
    };
    Reply::page(200, page.html(), Forms::StayHere)
}

/// The form token of a **Sign out** button.
pub fn token<P: Ports>(site: &Site<'_, P>, session_id: &SessionId) -> String {
    form_token(site, session_id, SIGN_OUT, "")
}
