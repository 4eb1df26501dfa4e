"""Make a workspace out of a preset: the mapping file, fitted to the org that it will talk to.

Against the demo org the customer's sample files are written too, so that the new workspace runs at once.
"""

import re
from contextlib import ExitStack
from pathlib import Path

from toolkit.config import PRESETS, Settings, parse, preset_text
from toolkit.config.fitting import Fitted, fit
from toolkit.connecting import connect_org
from toolkit.demo_workspace import AS_OF, MAPPING_FILE, create_demo, demo_org_of
from toolkit.errors import InputError, NotFoundError

DEMO = "demo"
PINNED = f"""# Pins the clock to the demo org's, so that every run gives the same figures.
as_of = {AS_OF:%Y-%m-%dT%H:%M:%SZ}
"""


def initialize(folder: Path, preset: str, *, login: str = DEMO, login_url: str | None = None) -> Fitted:
    """Write the mapping file of `preset` into `folder`, fitted to the org, and return it with what was changed.

    `login` and `login_url` are how to reach the org, as in the mapping file's [connection]; credentials come from the
    environment. Raises NotFoundError for a preset that does not exist, InputError when there is a mapping file already
    or the address is missing, LoginError and UnavailableError when the org does not let us in; nothing is written then.
    """
    path = folder / MAPPING_FILE
    if preset not in PRESETS:
        raise NotFoundError(f"There is no preset {preset!r}.", hint=f"Choose one of: {', '.join(PRESETS)}.")
    if path.exists():
        raise InputError(f"{path} exists already.", hint="Edit it, or choose another folder.")
    text = _connected(preset_text(preset), login, login_url)
    folder.mkdir(parents=True, exist_ok=True)
    settings = parse(text, name=f"the preset {preset}")
    fitted = Fitted(text, ()) if preset == DEMO else _fitted(text, folder, settings)
    path.write_text(fitted.text, "utf-8")
    if login == DEMO:
        create_demo(folder)
    return fitted


def _connected(text: str, login: str, login_url: str | None) -> str:
    """Return a preset's text with the way to the org in its [connection]."""
    if login == DEMO:
        return text if "as_of" in text else re.sub(r"(?<=\[workspace\]\n)(name = .*\n)", rf"\1{PINNED}", text)
    if login_url is None:
        raise InputError(
            f"login {login} needs the address of your org.", hint="Add --login-url https://mycompany.my.salesforce.com"
        )
    lines = f'[connection]\nlogin = "{login}"\nlogin_url = "{login_url}"'
    return text.replace(f'[connection]\nlogin = "{DEMO}"', lines)


def _fitted(text: str, folder: Path, settings: Settings) -> Fitted:
    with ExitStack() as stack:
        demo = None
        if settings.connection.login == DEMO:
            demo = stack.enter_context(demo_org_of(folder, settings, in_memory=True))
        org = connect_org(settings, folder, demo)
        return fit(text, {name: org.describe(mapping.sobject) for name, mapping in settings.objects.items()})
