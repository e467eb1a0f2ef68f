"""``outcry users``: people, programs and orgs that may use the API. Passwords are asked for, never given as options."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import asyncpg
import typer

from openoutcry.errors import BadInput
from outcry.options import HomeOption, JsonOption
from wire.config import home_folder

app = typer.Typer(no_args_is_help=True)
T = TypeVar("T")
OrgOption = Annotated[str, typer.Option("--org", help="name or id of the org")]
RoleOption = Annotated[str, typer.Option(help="viewer | trader | admin")]
StdinOption = Annotated[bool, typer.Option("--password-stdin", help="read the password from standard input")]


@app.command()
def add(
    username: Annotated[str, typer.Argument(help="what the person logs in with")],
    role: RoleOption = "viewer",
    org: OrgOption = "default",
    email: Annotated[str | None, typer.Option(help="address, shown in answers")] = None,
    full_name: Annotated[str | None, typer.Option(help="name, shown in answers")] = None,
    stdin: StdinOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a person; the password is asked for twice."""
    from db.identity import orgs, users  # the database is for this command's run, not its help

    password = _password(stdin)

    async def run(pool: asyncpg.Pool) -> users.User:
        new = users.NewUser(username, password, role, email, full_name)
        return await users.add(pool, new, org_id=(await orgs.find(pool, org)).id)

    made = _with_database(home, run)
    _say(as_json, f"{made.username} may log in (role {made.role})", id=str(made.id), username=made.username)


@app.command()
def passwd(
    username: Annotated[str, typer.Argument(help="whose")],
    stdin: StdinOption = False,
    home: HomeOption = None,
) -> None:
    """Set a new password; every token given out under the old one ends."""
    from db.identity import users

    password = _password(stdin)
    _with_database(home, lambda pool: users.set_password(pool, username, password))
    typer.echo(f"{username}: password changed, all sessions ended")


@app.command()
def disable(username: Annotated[str, typer.Argument(help="whom")], home: HomeOption = None) -> None:
    """Let a person in no more; every token of theirs ends within five seconds."""
    from db.identity import users

    _with_database(home, lambda pool: users.set_disabled(pool, username, True))
    typer.echo(f"{username} is disabled")


@app.command()
def enable(username: Annotated[str, typer.Argument(help="whom")], home: HomeOption = None) -> None:
    """Let a disabled person in again."""
    from db.identity import users

    _with_database(home, lambda pool: users.set_disabled(pool, username, False))
    typer.echo(f"{username} is enabled")


@app.command(name="list")
def list_(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Everyone who may or might log in."""
    from db.identity import users

    found = _with_database(home, users.list_users)
    rows = [
        {
            "id": str(user.id), "username": user.username, "role": user.role, "org_id": str(user.org_id),
            "email": user.email, "full_name": user.full_name, "disabled": user.disabled_at is not None,
            "last_login_at": user.last_login_at and user.last_login_at.isoformat(),
        }
        for user in found
    ]  # fmt: skip
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        state = "disabled" if row["disabled"] else f"last login {row['last_login_at'] or 'never'}"
        typer.echo(f"{row['username']:<24} {row['role']:<7} {state}")


@app.command()
def add_client(
    name: Annotated[str, typer.Argument(help="what the program is")],
    role: RoleOption = "viewer",
    org: OrgOption = "default",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a program that logs in with client credentials; its secret is shown this once."""
    from db.identity import clients, orgs

    async def run(pool: asyncpg.Pool) -> clients.NewClient:
        return await clients.add(pool, name, role, org_id=(await orgs.find(pool, org)).id)

    made = _with_database(home, run)
    text = f"client_id      {made.client.client_id}\nclient_secret  {made.secret}\n(role {role}; shown this once)"
    _say(as_json, text, client_id=made.client.client_id, client_secret=made.secret, role=role)


@app.command()
def clients(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Every program that may or might log in, never its secret."""
    from db.identity import clients as programs

    found = _with_database(home, programs.list_clients)
    if as_json:
        names = ("client_id", "name", "role", "disabled_at", "created_at", "last_used_at")
        rows = [{n: None if getattr(c, n) is None else str(getattr(c, n)) for n in names} for c in found]
        typer.echo(json.dumps(rows))
        return
    for client in found:
        typer.echo(
            f"{client.client_id}  {client.role:<7} {'disabled' if client.disabled_at else 'enabled':<9} {client.name}"
        )


@app.command()
def disable_client(client_id: Annotated[str, typer.Argument(help="which")], home: HomeOption = None) -> None:
    """Let a program in no more."""
    from db.identity import clients as programs

    _with_database(home, lambda pool: programs.disable(pool, client_id))
    typer.echo(f"{client_id} is disabled")


@app.command()
def orgs(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Every org and its plan."""
    from db.identity import orgs as stored

    found = _with_database(home, stored.list_orgs)
    if as_json:
        typer.echo(json.dumps([{"id": str(o.id), "name": o.name, "plan": o.plan} for o in found]))
        return
    for org in found:
        typer.echo(f"{org.id}  {org.plan:<7} {org.name}")


@app.command()
def add_org(
    name: Annotated[str, typer.Argument(help="its name")],
    plan: Annotated[str, typer.Option(help="basic | pro | expert")] = "basic",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add an org: its people see their own rows and nobody else's."""
    from db.identity import orgs as stored

    wanted = stored.read_plan(plan)
    made = _with_database(home, lambda pool: stored.add(pool, name, wanted))
    _say(
        as_json, f"{made.name} ({made.id}), plan {made.plan}", id=str(made.id), name=made.name, plan=made.plan
    )


@app.command()
def plan(
    org: Annotated[str, typer.Argument(help="name or id of the org")],
    to: Annotated[str, typer.Argument(help="basic | pro | expert")],
    home: HomeOption = None,
) -> None:
    """Change what an org has paid for."""
    from db.identity import orgs as stored

    wanted = stored.read_plan(to)

    async def run(pool: asyncpg.Pool) -> None:
        await stored.set_plan(pool, (await stored.find(pool, org)).id, wanted)

    _with_database(home, run)
    typer.echo(f"{org}: plan {wanted}")


def _password(stdin: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise BadInput("password: there is no terminal to ask on; use --password-stdin", field="password")
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


def _with_database(home: Any, work: Callable[[asyncpg.Pool], Awaitable[T]]) -> T:
    from outcry.database import floor_database

    async def run() -> T:
        async with floor_database(home_folder(str(home) if home else None)) as pool:
            return await work(pool)

    return asyncio.run(run())


def _say(as_json: bool, text: str, **fields: str) -> None:
    typer.echo(json.dumps(fields) if as_json else text)
