"""supervisord with one correction: `python -I supervisord.py -c <configuration>`.

supervisor 4.3.0 (poller.py) neither handles nor forgets a descriptor of which poll(2) says POLLERR alone, and
asks for it again at once: half a core for as long as it runs. It meets one when a connection of its own
socket is closed, its number is given to the pipe to a program's standard input, and that program closes its
end, as Swift's servers do.
"""

from __future__ import annotations

import select

from supervisor import poller, supervisord


class Poller(poller.PollPoller):
    """Forgets what nobody can read from or write to any more."""

    def _ignore_invalid(self, fd: int, eventmask: int) -> bool:
        if eventmask & select.POLLERR and not eventmask & (self.READ | self.WRITE):
            self._poller.unregister(fd)
            self.readables.discard(fd)
            self.writables.discard(fd)
            return True
        return bool(super()._ignore_invalid(fd, eventmask))


def main() -> None:
    """supervisord's own command, with this poller."""
    poller.Poller = Poller
    supervisord.main()


if __name__ == "__main__":
    main()
