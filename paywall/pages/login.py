"""Logging in: by password, by a mailed button, by passkey; registering; logging out."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.di import NamedDependency

from infra.kernel.errors import Invalid, Problem
from paywall.accounts.login import CodeNeeded
from paywall.http.caller import (
    browser_cookie,
    browser_cookie_name,
    caller_of,
    signed_in_cookie,
    signed_out_cookie,
)
from paywall.pages.forms import Form, go, own_path, posted
from paywall.pages.paths import path
from paywall.pages.problem_words import detail_of
from paywall.pages.site import AnyRequest, Site

OPEN = {"public": True}


@get("/login", opt=OPEN)
async def login_page(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """The form; people who are logged in already go on."""
    onward = own_path(request.query_params.get("next", ""), path("tickets"))
    if site.visit(request).principal.is_person:
        return go(onward)
    return await _form(request, site, Form({"email": ""}, {}), onward)


@post("/login", opt=OPEN, status_code=303)
async def login(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """By password, then by the authenticator's code where the account has one.

    Between the two steps a continuation stands for the password, which no page ever shows again.
    """
    typed = await posted(request)
    onward = own_path(typed.get("next", ""), path("tickets"))
    log_in, caller = site.parts.people.login, caller_of(request, site.parts)
    try:
        if typed.get("continuation"):
            code = typed.get("code", "").replace(" ", "")
            opened = await log_in.finish(typed["continuation"][:1000], code, caller)
        else:
            opened = await log_in(typed.get("email", ""), typed.get("password", ""), caller)
    except CodeNeeded as asked:
        typed = {"email": typed.get("email", ""), "continuation": asked.continuation}
        return await _form(request, site, Form(typed, {}), onward, ask_code=True)
    except Problem as problem:
        return await _refused(request, site, typed, onward, problem)
    return go(onward, signed_in_cookie(site.parts, opened.secret))


@post("/login/mail", opt=OPEN, status_code=200)
async def mail_link(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Mail a button that logs in. The answer is the same for every address."""
    typed = await posted(request)
    onward = own_path(typed.get("next", ""), path("tickets"))
    locale = site.visit(request).locale
    try:
        await site.parts.people.links.request(
            typed.get("email", ""),
            caller_of(request, site.parts),
            locale=locale.code,
            back_to=onward,
        )
    except Problem as problem:
        return await _refused(request, site, typed, onward, problem)
    return await _form(request, site, Form(typed, {}), onward, mail_sent_to=typed["email"])


async def _refused(
    request: AnyRequest, site: Site, typed: dict[str, str], onward: str, problem: Problem
) -> Response[bytes]:
    locale = site.visit(request).locale
    field = problem.field if problem.field in ("email", "code") else "password"
    if problem.status == 429:
        field = "email"
    text = detail_of(locale, problem)
    if isinstance(problem, Invalid) and field == "email":
        text = locale.gettext("Write the address as in ines@example.org.")
    ask = bool(typed.get("continuation")) and problem.code != "continuation_over"
    if not ask and field == "code":
        field = "email"
    kept = {
        name: typed.get(name, "") for name in ("email", "continuation") if ask or name == "email"
    }
    form = Form(kept, {field: text})
    status = problem.status if problem.status in (401, 429) else 422
    return await _form(request, site, form, onward, ask_code=ask, status=status)


async def _form(
    request: AnyRequest,
    site: Site,
    form: Form,
    onward: str,
    *,
    mail_sent_to: str | None = None,
    ask_code: bool = False,
    status: int = 200,
) -> Response[bytes]:
    return await site.page(
        request,
        "login.html",
        status=status,
        form=form,
        next=onward,
        mail_sent_to=mail_sent_to,
        ask_code=ask_code,
        mailbox_url=await _mailbox(request, site),
    )


async def _mailbox(request: AnyRequest, site: Site) -> str | None:
    """Where mails end while nothing is live; None when they really leave."""
    if site.parts.settings.smtp_url or (await site.facts()).any_live:
        return None
    return path("mailbox")


@get("/login/forgot", opt=OPEN)
async def forgot_page(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """A forgotten password is not reset by mail: the mail logs in, and a new one can be set."""
    return await site.page(request, "forgot.html", form=Form({"email": ""}, {}), sent_to=None)


@post("/login/forgot", opt=OPEN, status_code=200)
async def forgot(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Mail the button, whether or not the address is known."""
    typed = await posted(request)
    locale = site.visit(request).locale
    try:
        await site.parts.people.links.request(
            typed.get("email", ""),
            caller_of(request, site.parts),
            locale=locale.code,
            back_to=path("account") + "#password-title",
        )
    except Problem as problem:
        form = Form(typed, {"email": detail_of(locale, problem)})
        status = problem.status if problem.status == 429 else 422
        return await site.page(request, "forgot.html", status=status, form=form, sent_to=None)
    return await site.page(request, "forgot.html", form=Form(typed, {}), sent_to=typed["email"])


@get("/login/link", opt=OPEN)
async def link_page(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """What a mailed link leads to: a button. Opening the page uses nothing up."""
    token = request.query_params.get("token", "")[:100]
    view = await site.parts.people.links.look(token)
    return await site.page(
        request,
        "login_link.html",
        status=200 if view.state == "ready" else 410,
        headers={"Referrer-Policy": "no-referrer"},
        link={
            "state": view.state,
            "token": token,
            "email": view.email,
            "next": own_path(request.query_params.get("next", ""), path("tickets")),
        },
        purpose="confirm" if view.confirms else "login",
    )


@post("/login/link", opt=OPEN, status_code=303)
async def redeem(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """The button: proves the address and logs in."""
    typed = await posted(request)
    browser = request.cookies.get(browser_cookie_name(site.parts), "")
    opened = await site.parts.people.links.redeem(
        typed.get("token", "")[:100], caller_of(request, site.parts), browser=browser[:100]
    )
    onward = own_path(typed.get("next", ""), path("tickets"))
    return go(onward, signed_in_cookie(site.parts, opened.secret))


@get("/register", opt=OPEN)
async def register_page(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """The form of a new account."""
    onward = own_path(request.query_params.get("next", ""), path("tickets"))
    return await _register(request, site, Form({}, {}), onward)


@post("/register", opt=OPEN, status_code=200)
async def register(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Begin an account: a mail follows, the same for every address. A password is not needed."""
    typed = await posted(request)
    onward = own_path(typed.get("next", ""), path("tickets"))
    locale = site.visit(request).locale
    form = Form(dict(typed), {})
    if not typed.get("terms"):
        form.errors["terms"] = locale.gettext("Accept the terms of use to go on.")
        return await _register(request, site, form, onward, status=422)
    links, caller = site.parts.people.links, caller_of(request, site.parts)
    cookies = []
    try:
        if typed.get("password"):
            secret = await links.register(
                typed.get("email", ""),
                typed["password"],
                caller,
                name=typed.get("name", ""),
                locale=locale.code,
                back_to=onward,
            )
            cookies.append(browser_cookie(site.parts, secret))
        else:
            await links.request(typed.get("email", ""), caller, locale=locale.code, back_to=onward)
    except Problem as problem:
        field = problem.field if problem.field in ("email", "password") else "email"
        form.errors[field] = detail_of(locale, problem)
        return await _register(request, site, form, onward, status=422)
    return await site.page(
        request,
        "register.html",
        cookies=cookies,
        form=form,
        next=onward,
        sent_to=typed["email"],
        mailbox_url=await _mailbox(request, site),
    )


async def _register(
    request: AnyRequest, site: Site, form: Form, onward: str, *, status: int = 200
) -> Response[bytes]:
    return await site.page(
        request, "register.html", status=status, form=form, next=onward, sent_to=None,
        mailbox_url=None,
    )  # fmt: skip


@post("/logout", opt=OPEN, status_code=303)
async def logout(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """End this session; harmless for somebody who has none."""
    principal = site.visit(request).principal
    if principal.session_id:
        await site.parts.people.sessions.end(principal)
    return go(path("home"), signed_out_cookie(site.parts))


@post("/logout/everywhere", opt={"person": True}, status_code=303)
async def logout_everywhere(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """End every session of this person."""
    await site.parts.people.sessions.end_all(site.visit(request).principal)
    return go(path("home"), signed_out_cookie(site.parts))
