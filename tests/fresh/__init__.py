"""The README's commands on a bare Debian 12, made by debootstrap, as root and as a normal user."""
