"""The few HTML pages of the org: a frame with inline style, nothing fetched from elsewhere, every value escaped."""

from html import escape

from toolkit.demo_org.web.wire import Answer

HTML_TYPE = "text/html;charset=UTF-8"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;background:#f3f3f3;color:#181818;
  margin:0;display:grid;place-items:center;min-height:100vh}
main{background:#fff;border:1px solid #c9c9c9;border-radius:8px;padding:2rem;width:min(26rem,calc(100vw - 4rem))}
h1{font-size:1.25rem;margin:0 0 1rem}
label{display:block;margin:.75rem 0 .25rem;font-weight:600}
input{box-sizing:border-box;width:100%;font:inherit;padding:.5rem;border:1px solid #747474;border-radius:4px}
button{font:inherit;padding:.5rem 1.25rem;margin:1.25rem .5rem 0 0;
  border:1px solid #0b5cab;border-radius:4px;background:#fff;color:#0b5cab;cursor:pointer}
button[value=allow]{background:#0b5cab;color:#fff}
:focus-visible{outline:3px solid #1b96ff;outline-offset:2px}
.problem{color:#8e030f;border-left:4px solid #ba0517;padding-left:.75rem}
.hint{color:#5c5c5c;font-size:.875rem}
"""


def page(title: str, inner: str, status: int = 200) -> Answer:
    """Return a page; `inner` is HTML, so what goes into it has to be escaped already."""
    html = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{inner}</main></body></html>"
    )
    headers = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
    return Answer(status, raw=html.encode(), headers=headers, content_type=HTML_TYPE)


def problem(text: str | None) -> str:
    """Return a paragraph that says what is wrong, or nothing."""
    return "" if text is None else f'<p class="problem" role="alert">{escape(text)}</p>'


def hidden(name: str, value: str) -> str:
    """Return a hidden field."""
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def field(name: str, label: str, value: str = "", kind: str = "text") -> str:
    """Return a labelled input."""
    return (
        f'<label for="{escape(name)}">{escape(label)}</label>'
        f'<input id="{escape(name)}" name="{escape(name)}" type="{kind}" value="{escape(value)}" autocomplete="off">'
    )


ANSWER_BUTTONS = (
    '<button type="submit" name="answer" value="allow">Allow</button>'
    '<button type="submit" name="answer" value="deny">Deny</button>'
)
