"""Two short clips and the frames that PyAV (ffmpeg's libraries) unpacks of them, for the tests of lib/inputs.

Needs `pip install av numpy` and ffmpeg on the PATH.

    python make_clip_reference.py ../../tests/golden/inputs
"""
import base64
import json
import subprocess
import sys
from pathlib import Path

import av
import numpy as np

out = Path(sys.argv[1])
clips = {"clip.mp4": ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-g", "8", "-bf", "2"], "clip.gif": []}
cases = {}
for name, codec in clips.items():
    source = "testsrc2=size=32x24:rate=10:duration=2.4"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, *codec, str(out / name)], check=True)
    stream = av.open(str(out / name))
    frames = [frame.to_ndarray(format="rgb24") for frame in stream.decode(video=0)]
    wanted = [0, 7, 8, 23]
    cases[name] = {"total": len(frames), "fps": float(stream.streams.video[0].average_rate), "indices": wanted,
                   "frames": [base64.b64encode(np.ascontiguousarray(frames[i]).tobytes()).decode() for i in wanted]}
(out / "clips.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")
