"""The outside world behind services/ports: for each port a real gateway and a recording one."""
