"""Stops a cell of a Deno kernel as JupyterLab's Stop button does, and tells what is left, as JSON."""

import json
import queue
import sys
import time

from jupyter_client.manager import KernelManager

before, long, after = sys.argv[1:]
manager = KernelManager(kernel_name="deno")
manager.start_kernel()
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=60)


def run(code, stop_at=None):
    """Runs a cell to its end; once its output contains a text, interrupts it."""
    cell, said, deadline = client.execute(code), "", time.time() + 120
    while time.time() < deadline:
        try:
            message = client.get_iopub_msg(timeout=0.5)
        except queue.Empty:
            if not manager.is_alive():
                return said + "the kernel died"
            continue
        if message["parent_header"].get("msg_id") != cell:
            continue
        content = message["content"]
        if content.get("execution_state") == "idle":
            return said
        if message["msg_type"] not in ("status", "execute_input"):
            said += json.dumps(content)
        if stop_at and stop_at in said:
            manager.interrupt_kernel()
            stop_at = None
    return said + "no end"


outputs = [run(before), run(long, stop_at=": 1 of"), run(after)]
manager.shutdown_kernel(now=True)
print(json.dumps(outputs))
