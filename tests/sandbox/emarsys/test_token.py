"""The token endpoint and what a token is worth."""

from auditor.sandbox.emarsys.options import ApiUser

FORM = {"grant_type": "client_credentials"}


def test_valid_credentials_buy_a_bearer_token(site):
    answer = site.http.post("/oauth2/token", auth=("auditor", "auditor-secret"), data=FORM).json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)


def test_the_claimed_lifetime_is_an_option(make_site):
    site = make_site(token_expires_in=90)
    answer = site.http.post("/oauth2/token", auth=("auditor", "auditor-secret"), data=FORM)
    assert answer.json()["expires_in"] == 90


def test_wrong_credentials_are_an_invalid_client(site):
    answer = site.http.post("/oauth2/token", auth=("auditor", "wrong"), data=FORM)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_missing_credentials_are_an_invalid_client(site):
    answer = site.http.post("/oauth2/token", data=FORM)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_another_grant_is_refused(site):
    answer = site.http.post(
        "/oauth2/token", auth=("auditor", "auditor-secret"), data={"grant_type": "password"}
    )
    assert answer.status_code == 400


def test_a_token_opens_the_api(site):
    assert site.call("GET", "/filter").status_code == 200


def test_a_call_without_token_is_unauthorized(site):
    site.headers = {}
    assert site.refused("GET", "/filter") == (401, 1, "Unauthorized")


def test_an_unknown_token_is_refused(site):
    site.headers = {"Authorization": "Bearer nonsense"}
    assert site.refused("GET", "/filter") == (401, 1, "Credentials are invalid")


def test_a_token_dies_when_it_claims_to(site):
    site.clock.advance(seconds=3600)
    assert site.refused("GET", "/filter")[0] == 401


def test_a_token_lives_until_then(site):
    site.clock.advance(seconds=3599)
    assert site.call("GET", "/filter").status_code == 200


def test_a_token_can_die_earlier_than_it_claims(make_site):
    site = make_site(token_lifetime_s=10)
    site.clock.advance(seconds=10)
    assert site.refused("GET", "/filter")[0] == 401


def test_all_tokens_can_be_expired_by_hand(site):
    site.state.access.expire_tokens()
    assert site.refused("GET", "/filter")[0] == 401


def test_each_user_has_its_own_credentials(make_site):
    second = ApiUser("second", "s2", "w2", "ws2")
    site = make_site(users=(ApiUser(), second))
    site.log_in(second)
    assert site.call("GET", "/filter").status_code == 200


def test_the_health_probe_needs_no_token(site):
    assert site.http.get("/healthcheck").status_code == 200
