//! What every page promises, looked at as text.

use super::*;

mod samples;

use samples::*;

/// The forms of a page, each from `<form` to `</form>`.
fn forms(html: &str) -> Vec<&str> {
    html.split("<form")
        .skip(1)
        .filter_map(|rest| rest.split_once("</form>"))
        .map(|(form, _)| form)
        .collect()
}

#[test]
fn every_page_has_a_language_a_title_and_one_heading() {
    for html in all() {
        assert!(html.starts_with("<!doctype html>"), "{html}");
        assert!(html.contains("<html lang=\"en\">"));
        assert!(html.contains(" · Furry &#38; Friends</title>"), "{html}");
        assert_eq!(html.matches("<h1").count(), 1, "{html}");
        assert_eq!(html.matches("<main").count(), 1);
    }
}

#[test]
fn no_page_needs_more_than_the_strict_content_security_policy() {
    for html in all() {
        assert!(!html.contains("style="), "{html}");
        assert!(!html.contains("<style"));
        for handler in [" onclick", " onsubmit", " onload", "javascript:"] {
            assert!(!html.contains(handler), "{handler}: {html}");
        }
        for script in html.split("<script").skip(1) {
            assert!(script.starts_with(" src=\"/static/"), "{script}");
            assert!(script.contains(" defer></script>"), "{script}");
        }
    }
}

#[test]
fn forms_to_us_carry_the_token_and_forms_to_the_application_do_not() {
    let mut ours = 0;
    for html in all() {
        for form in forms(&html) {
            let token =
                form.contains("<input type=\"hidden\" name=\"form_token\" value=\"the token\">");
            assert_eq!(form.contains("action=\"/"), token, "{form}");
            ours += u32::from(token);
        }
    }
    assert_eq!(ours, 8);
}

#[test]
fn the_developers_page_says_what_this_event_does_with_a_token_that_was_used() {
    let lenient = developer(10);
    assert!(
        lenient.contains("sent again within 10 seconds"),
        "{lenient}"
    );
    assert!(
        lenient.contains("not refreshed for 1 day ends"),
        "{lenient}"
    );
    assert!(lenient.contains("This event has none."), "{lenient}");
    let strict = developer(0);
    assert!(!strict.contains("sent again within"), "{strict}");
    assert!(
        strict.contains("has already been used counts as stolen"),
        "{strict}"
    );
}

#[test]
fn what_comes_from_outside_is_escaped() {
    let html = consent(vec![], "javascript:alert(1)//://");
    assert!(!html.contains("<script>"), "{html}");
    assert!(!html.contains("<b>"), "{html}");
    assert!(!html.contains("href=\"javascript:"), "{html}");
    assert!(!form_post().contains("\"><script>"));
}

#[test]
fn only_a_web_address_is_a_link() {
    assert_eq!(
        safe_website("https://example.org"),
        Some("https://example.org")
    );
    assert_eq!(
        safe_website("HTTP://example.org"),
        Some("HTTP://example.org")
    );
    assert_eq!(safe_website("javascript:alert(1)//://x"), None);
    assert_eq!(safe_website("data://text/html,x"), None);
    assert_eq!(safe_website(" https://example.org"), None);
    assert_eq!(safe_website("example.org"), None);
}

#[test]
fn a_sensitive_scope_is_red_in_words_comes_first_and_turns_the_button_red() {
    let words = "This is an administrative permission";
    let danger = "value=\"authorize\" class=\"danger\"";
    let html = consent(
        vec![scope("pii:basic", false), scope("door:open", true)],
        "https://example.org",
    );
    assert_eq!(html.matches(words).count(), 1);
    assert!(html.contains(danger), "{html}");
    assert!(html.find("Title of door:open") < html.find("Title of pii:basic"));

    let html = consent(vec![scope("pii:basic", false)], "https://example.org");
    assert!(!html.contains(words));
    assert!(!html.contains(danger));
}

#[test]
fn the_way_back_is_one_form_with_the_method_that_was_asked_for() {
    for (post, method) in [(false, "method=\"get\""), (true, "method=\"post\"")] {
        let html = invalid_request(post);
        assert!(html.contains(method), "{html}");
        assert_eq!(html.matches("<button").count(), 1);
        assert!(
            html.contains("action=\"https://app.example.org/cb?a=1&#38;b=2\""),
            "{html}"
        );
        assert!(html.contains("Title of door:open"));
    }
}

#[test]
fn the_session_in_use_cannot_be_ended_from_the_list() {
    let html = account();
    assert!(!html.contains("/account/sessions/one/end"));
    assert!(html.contains("/account/sessions/two/end"));
}

#[test]
fn a_long_list_of_applications_has_links_to_what_follows_it() {
    let mut page = account_page(TokenField::Whole);
    let one = page.applications.remove(0);
    for (many, links) in [(0, 0), (3, 0), (4, 3), (20, 3)] {
        page.applications = vec![one.clone(); many];
        let html = page.html();
        let targets = html.split("href=\"#").skip(1);
        let targets = targets.map(|rest| rest.split('"').next().unwrap());
        let targets: Vec<&str> = targets.collect();
        assert_eq!(targets.len(), links, "{many}");
        for target in targets {
            assert_eq!(html.matches(&format!(" id=\"{target}\"")).count(), 1);
        }
    }
}

#[test]
fn a_refused_token_form_ties_the_message_to_what_was_wrong_and_leads_there() {
    let created = account().matches(" readonly autofocus").count();
    for (field, tied) in [
        (
            TokenField::Name,
            "aria-describedby=\"token-name-hint token-error\" aria-invalid=\"true\" autofocus>",
        ),
        (
            TokenField::Scopes,
            "aria-describedby=\"scope-1-hint\" aria-invalid=\"true\" autofocus>",
        ),
        (
            TokenField::Expires,
            "aria-describedby=\"token-error\" aria-invalid=\"true\" autofocus>",
        ),
        (
            TokenField::Whole,
            "role=\"alert\" tabindex=\"-1\" autofocus>",
        ),
    ] {
        let html = account_refused_at(field);
        assert_eq!(html.matches(tied).count(), 1, "{field:?} {html}");
        assert_eq!(html.matches(" autofocus").count() - created, 1, "{field:?}");
        assert_eq!(html.matches("id=\"token-error\"").count(), 1, "{field:?}");
        let invalid = html.matches("aria-invalid").count();
        assert_eq!(invalid, usize::from(field != TokenField::Whole));
        let group = html.contains("<fieldset aria-describedby=\"token-error\">");
        assert_eq!(group, field == TokenField::Scopes, "{html}");
    }
}

#[test]
fn the_events_colour_is_a_band_at_the_top_of_every_page_and_nothing_else() {
    for html in all() {
        let band = html.find("<svg class=\"band\"");
        assert!(band.is_some() && band < html.find("<header"), "{html}");
        assert_eq!(html.matches("fill=\"#336699\"").count(), 1, "{html}");
        assert!(html.contains("<meta name=\"theme-color\" content=\"#336699\">"));
        assert_eq!(html.matches("#336699").count(), 2, "{html}");
    }
    let plain = SignedOutPage {
        layout: Layout {
            accent: None,
            ..layout()
        },
    };
    let html = plain.html();
    assert!(!html.contains("band") && !html.contains("theme-color"));
}

#[test]
fn a_page_without_an_event_names_none() {
    let html = notice("");
    assert!(html.contains("<title>Not found</title>"), "{html}");
    assert!(!html.contains("<header"));
}

#[test]
fn a_label_belongs_to_every_field() {
    for html in all() {
        for input in html.split("<input").chain(html.split("<select")).skip(1) {
            let Some((input, _)) = input.split_once('>') else {
                continue;
            };
            let Some((_, id)) = input.split_once(" id=\"") else {
                continue;
            };
            let Some((id, _)) = id.split_once('"') else {
                continue;
            };
            assert!(html.contains(&format!("<label for=\"{id}\">")), "{id}");
        }
    }
}

#[test]
fn pages_name_a_file_by_what_is_in_it() {
    let mut named = 0;
    for html in all() {
        for address in html.split("\"/static/").skip(1) {
            let address = format!("/static/{}", address.split('"').next().unwrap());
            let (path, query) = address.split_once('?').unwrap();
            let found = asset(path).unwrap();
            assert!(!found.body.is_empty() && found.is_the_version_of(query));
            assert_eq!(found.to_string(), address);
            named += 1;
        }
    }
    assert_eq!(named, 3 * all().len() + 2, "sheet and icons; two scripts");
    let mut addresses: Vec<String> = assets::ASSETS.iter().map(Asset::to_string).collect();
    addresses.dedup_by_key(|address| address.split_once("?v=").unwrap().1.to_owned());
    assert_eq!(addresses.len(), 4, "{addresses:?}");
    for other in ["", "v=", "v", "v=0", "v=0000000000000000", "x"] {
        assert!(!assets::STYLESHEET.is_the_version_of(other), "{other}");
    }
    assert!(asset("/static/").is_none());
    assert!(assets::STYLESHEET.body.len() < 12 * 1024);
}

#[test]
fn what_is_sensitive_is_marked_at_an_application_and_at_a_token() {
    let html = account();
    let marked = html.matches("Title of door:open<span class=\"aside\"> (administrative)</span>");
    assert_eq!(marked.count(), 2, "{html}");
    assert!(!html.contains("Title of pii:basic<span"));
}
