"""Authlib with its default settings, driven line by line: one command on standard input, one line
of JSON on standard output.

    authorize SCOPE...   the address to send the person to, with PKCE and a state
    come-back ADDRESS    where the person came back to: redeems the code (Authlib checks the state)
    service SCOPE...     client_credentials
    call [SECONDS]       GET /api/users/current, that much later by this program's clock
    introspect           the access token at hand
    revoke               the refresh token at hand, or the access token if there is none
    token                what the program holds

    client.py ISSUER CLIENT_ID REDIRECT_URI, the secret (if any) in CLIENT_SECRET
"""

import json
import os
import sys
import time

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session


class Program:
    def __init__(self, issuer, client_id, redirect_uri, secret):
        self.issuer = issuer
        self.updates = 0
        # Where everything is, as the server itself says (RFC 8414).
        self.server = requests.get(f"{issuer}/.well-known/oauth-authorization-server").json()
        self.session = OAuth2Session(
            client_id,
            secret,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            token_endpoint=self.server["token_endpoint"],
            update_token=self.updated,
        )

    def updated(self, token, refresh_token=None, access_token=None):
        self.updates += 1

    def authorize(self, *scopes):
        self.verifier = generate_token(48)
        endpoint = self.server["authorization_endpoint"]
        url, self.state = self.session.create_authorization_url(
            endpoint, code_verifier=self.verifier, scope=" ".join(scopes)
        )
        return {"url": url}

    def come_back(self, address):
        token = self.session.fetch_token(
            authorization_response=address, state=self.state, code_verifier=self.verifier
        )
        return shown(token)

    def service(self, *scopes):
        asked = {"scope": " ".join(scopes)} if scopes else {}
        return shown(self.session.fetch_token(**asked))

    def call(self, later="0"):
        real, time.time = time.time, lambda: real() + int(later)
        try:
            reply = self.session.get(f"{self.issuer}/api/users/current")
        finally:
            time.time = real
        return {"status": reply.status_code, "body": reply.json(), "updates": self.updates}

    def introspect(self):
        token = self.session.token["access_token"]
        return self.session.introspect_token(self.server["introspection_endpoint"], token=token).json()

    def revoke(self):
        held = self.session.token
        token = held.get("refresh_token") or held["access_token"]
        return {"status": self.session.revoke_token(self.server["revocation_endpoint"], token=token).status_code}

    def token(self):
        return dict(self.session.token)


def shown(token):
    return {
        "token_type": token["token_type"],
        "expires_in": token["expires_in"],
        "scope": token["scope"],
        "refresh_token": "refresh_token" in token,
    }


def main():
    issuer, client_id, redirect_uri = sys.argv[1:]
    program = Program(issuer, client_id, redirect_uri, os.environ.get("CLIENT_SECRET"))
    for line in sys.stdin:
        command, *words = line.split()
        try:
            answer = getattr(program, command.replace("-", "_"))(*words)
        except OAuthError as error:
            answer = {"error": error.error, "description": error.description}
        except Exception as error:  # the test shows it
            answer = {"failed": repr(error)}
        print(json.dumps(answer), flush=True)


main()
