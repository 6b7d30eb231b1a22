//! The operator API over the whole deployment (contract 7): what the unit tests beside it cannot see.

mod support;

use serde_json::json;
use support::{EMAIL, HOST, NAME, PASSWORD_HASH, Scene};
use willcall::account::command as account;
use willcall::account::object::AccountObject;
use willcall::directory::account_row::AccountPatch;
use willcall::directory::application::{Application, ApplicationPatch};
use willcall::directory::event_command;
use willcall::directory::integration::IntegrationPatch;
use willcall::directory::{Problem, Status};
use willcall::token::id::{AccountId, OwnerId};

const OPERATOR: &str = "an-operator-token-of-32-characters-or-more";

fn scene() -> Scene {
    let mut scene = Scene::new();
    scene.world.memory.operator_token = Some(OPERATOR.to_owned());
    scene
}

#[test]
fn contract_7_a_delete_whose_first_answer_was_lost_is_204_and_of_nothing_404() {
    let s = scene();
    s.granted("pii:basic");
    let second = s.add_secret(&s.client);
    let delete = |path: &str| {
        let url = format!("/api/admin/{path}");
        s.call("DELETE", &url).bearer(OPERATOR).send().status()
    };
    let account = format!("events/{HOST}/accounts/{}", s.robin.id);
    let grants = s
        .get(&format!("/api/admin/{account}/grants"))
        .bearer(OPERATOR)
        .send()
        .json();
    let grant = grants["items"][0]["id"].as_str().unwrap().to_owned();
    let paths = [
        format!("{account}/grants/{grant}"),
        account,
        format!("events/{HOST}/integrations/{}", s.client.id),
        format!("applications/{}/secrets/{}", s.client.id, second.secret_id),
        format!("applications/{}", s.client.id),
        format!("events/{HOST}"),
    ];
    for path in &paths {
        s.lose_answers();
        assert_eq!(delete(path), 204, "{path}");
        s.keep_answers();
        assert_eq!(delete(path), 404, "{path}");
    }
}

#[test]
fn contract_7_an_application_whose_first_answer_was_lost_is_registered_once() {
    let s = scene();
    let applications = "/api/admin/applications";
    let register = |client_type: &str| {
        let fields = json!({"name": "One", "redirect_uris": [], "type": client_type});
        let call = s.call("POST", applications).bearer(OPERATOR);
        let answer = call.json(&fields).send();
        assert_eq!(answer.status(), 201);
        answer.json()
    };
    let count = || {
        let list = s.get(applications).bearer(OPERATOR).send().json();
        list["items"].as_array().unwrap().len()
    };
    let before = count();
    for client_type in ["public", "confidential"] {
        s.lose_answers();
        register(client_type);
        s.keep_answers();
    }
    assert_eq!(count(), before + 2);
    let made = register("confidential");
    assert_eq!(count(), before + 3, "the same asked for anew is another");
    let body = json!({
        "grant_type": "client_credentials",
        "client_id": made["client_id"],
        "client_secret": made["client_secret"],
    });
    let answer = s.call("POST", "/api/oauth/token").json(&body).send();
    assert_eq!(answer.json()["error"], "unauthorized_client", "its secret");
}

#[test]
fn contract_7_without_the_operators_token_nothing_is_taken_away() {
    let s = scene();
    let path = format!("/api/admin/events/{HOST}");
    for token in ["", "x", &OPERATOR[1..]] {
        let answer = s.call("DELETE", &path).bearer(token).send();
        assert_eq!(answer.status(), 401);
    }
    assert_eq!(s.get("/login").send().status(), 200);
    s.put_event(HOST, json!({"name": "Still there"}));
}

#[test]
fn contract_7_wrong_operator_tokens_are_one_line_of_the_log_an_hour() {
    let s = scene();
    let lines_after = |seconds: u64| {
        s.wait(seconds);
        let answer = s.get("/api/admin/events").bearer("wrong").send();
        assert_eq!(answer.status(), 401);
        s.log().matches("refused: wrong or no token").count()
    };
    assert_eq!(lines_after(0), 1);
    assert_eq!(lines_after(3599), 1, "within the hour");
    assert_eq!(lines_after(1), 2, "the next hour");
}

#[test]
fn contract_7_of_a_deleted_event_nothing_of_its_people_is_kept() {
    let s = scene();
    s.granted("");
    let kept = |s: &Scene| {
        let stored = s.memory.everything_stored();
        let personal = [NAME, EMAIL, &EMAIL.to_lowercase(), &PASSWORD_HASH];
        personal.map(|text| stored.contains(text))
    };
    assert_eq!(kept(&s), [true; 4]);
    let path = format!("/api/admin/events/{HOST}");
    let deleted = s.call("DELETE", &path).bearer(OPERATOR).send();
    assert_eq!(deleted.status(), 204);
    s.wait(support::STALE);
    s.ring_alarms();
    assert_eq!(kept(&s), [false; 4], "{}", s.memory.everything_stored());
}

#[test]
fn contract_7_of_two_pushes_of_an_account_the_one_of_the_lower_version_is_ignored() {
    let s = scene();
    let name = format!("{}/acc_two", s.event);
    for (version, said) in [(2, "Second Said"), (1, "First Said")] {
        let push = json!({"push": {"password": said, "profile": {
            "id": "acc_two", "event_id": s.event, "version": version, "name": said, "email": "two@late.example",
            "permissions": [], "roles": [], "status": "active", "epoch": 0, "session_epoch": 0}}});
        let push: account::Command = serde_json::from_value(push).unwrap();
        s.run::<AccountObject>(&name, &push);
    }
    let stored = s.memory.everything_stored();
    assert_eq!(
        stored.matches("Second Said").count(),
        2,
        "name and password"
    );
    assert!(!stored.contains("First Said"));
}

#[test]
fn contract_7_an_approval_that_arrives_after_its_deletion_revives_nothing() {
    let s = scene();
    let put = event_command::Command::PutIntegration {
        client_id: support::scene::number(&s.client),
        patch: IntegrationPatch::default(),
        fresh_incarnation: "inc_late".into(),
    };
    s.delete_integration(&s.client);
    assert!(matches!(
        s.event(&s.event, &put),
        event_command::Reply::Integration { created: true, .. }
    ));
    s.delete_integration(&s.client);
    assert!(matches!(
        s.event(&s.event, &put),
        event_command::Reply::Problem(Problem::Conflict(_))
    ));
}

#[test]
fn contract_7_what_arrives_after_an_account_was_erased_leaves_nothing_of_the_person() {
    let s = scene();
    let name = format!("{}/acc_late", s.event);
    let erase = account::Command::Erase {
        event_id: s.event.clone(),
        id: OwnerId::parse("acc_late").unwrap(),
    };
    let push: account::Command = serde_json::from_value(json!({"push": {"profile": {
        "id": "acc_late", "event_id": s.event, "version": 1, "name": "Lee Late", "email": "lee@late.example",
        "permissions": [], "roles": [], "status": "active", "epoch": 0, "session_epoch": 0, "service": false},
        "password": "hash"}}))
    .unwrap();
    s.run::<AccountObject>(&name, &erase);
    s.run::<AccountObject>(&name, &push);
    assert!(!s.memory.everything_stored().contains("lee@late.example"));
}

#[test]
fn contract_7_an_account_whose_creation_arrives_after_its_deletion_stays_deleted() {
    let s = scene();
    let create = event_command::Command::CreateAccount {
        fresh_id: AccountId::parse("acc_late").unwrap(),
        patch: AccountPatch {
            email: Some("lee@late.example".into()),
            name: Some("Lee Late".into()),
            ..AccountPatch::default()
        },
    };
    let delete = event_command::Command::DeleteAccount {
        id: AccountId::parse("acc_late").unwrap(),
    };
    let made = s.event(&s.event, &create);
    assert!(matches!(made, event_command::Reply::Account(_)));
    s.event(&s.event, &delete);
    let late = s.event(&s.event, &create);
    assert!(matches!(
        late,
        event_command::Reply::Problem(Problem::Conflict(_))
    ));
    assert!(!s.memory.everything_stored().contains("lee@late.example"));
}

#[test]
fn contract_7_what_has_a_name_that_is_no_longer_taken_can_be_changed() {
    let mut kept: Application = serde_json::from_value(json!({
        "version": 1, "client_id": "1001", "name": "two\nlines", "description": "", "website": null,
        "redirect_uris": [], "type": "public", "require_pkce": true, "status": "active", "secrets": [],
        "created_at": 0, "deleted": false}))
    .unwrap();
    let suspend = ApplicationPatch {
        status: Some(Status::Suspended),
        ..ApplicationPatch::default()
    };
    assert_eq!(suspend.apply(&mut kept), Ok(()));
    let rename = ApplicationPatch {
        name: Some("two\nlines".into()),
        ..ApplicationPatch::default()
    };
    assert!(rename.apply(&mut kept).is_err());
}
