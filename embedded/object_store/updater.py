"""Swift's object updater on a folder of our own: by itself it reads /etc/swift only, unlike the servers.

`python -m embedded.object_store.updater <folder> <object-server.conf> [options]`
"""

from __future__ import annotations

import sys

from swift.common.utils import set_swift_dir
from swift.obj.updater import main

set_swift_dir(sys.argv.pop(1))
main()
