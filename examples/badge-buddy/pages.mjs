// What people see. Plain HTML and one style sheet; no script.

const SIGN_OUT = '<form method="post" action="/sign-out"><button class="quiet">Sign out</button></form>';

const escape = (text) => String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

function page(title, body) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)} · Badge Buddy</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><a href="/">Badge Buddy</a></header>
<main>
${body}
</main>
</body>
</html>
`;
}

export function welcomePage({ notice }) {
  return page('Welcome', `${notice ? `<p class="notice" role="status">${escape(notice)}</p>\n` : ''}<h1>Your badge, before you queue</h1>
<p>Sign in with your event account to see the badge that is waiting for you at the door.</p>
<p><a class="button" href="/sign-in">Sign in with the event</a></p>`);
}

function list(title, values) {
  if (!values?.length) return '';
  return `<dt>${title}</dt><dd>${values.map((value) => `<span class="chip">${escape(value)}</span>`).join(' ')}</dd>`;
}

export function badgePage({ user, renewals, until }) {
  const renewed = renewals === 0 ? 'not renewed yet' : renewals === 1 ? 'renewed once' : `renewed ${renewals} times`;
  return page('Your badge', `<h1 class="quiet">Your badge</h1>
<article class="badge">
<p class="name">${escape(user.name ?? 'A guest')}</p>
${user.email ? `<p class="email">${escape(user.email)}</p>` : ''}
<dl>
${list('Roles', user.roles)}
${list('Permissions', user.permissions)}
<dt>Account</dt><dd><code>${escape(user.id)}</code></dd>
</dl>
</article>
<p class="small" id="access">Access ${renewed}, good until ${escape(until)}.</p>
<div class="buttons">
<form method="post" action="/refresh"><button>Refresh</button></form>
${SIGN_OUT}
</div>`);
}

/** Whoever is signed in can sign out, whatever the trouble is. */
export function problemPage({ heading, explanation, signedIn = false }) {
  return page(heading, `<h1>${escape(heading)}</h1>
<p>${escape(explanation)}</p>
<div class="buttons">
<a class="button" href="/">Back to the start</a>
${signedIn ? SIGN_OUT : ''}
</div>`);
}
