#!/usr/bin/env bash
# A restart told to TensorBoard by SessionLog START, as its format says, hides the steps that the attempt before had gone
# beyond only if the first attempt's file has a START too. TensorBoard 2.21.0 has two readers: the older one (scalars)
# takes any START as a restart; the one that its pages are drawn from takes the first START it ever sees as the start, so
# that the steps after it show twice, once from either attempt. A writer that marks restarts has to mark the start as well.
#
# Seen with the package below; steps 1 to 10 of a first attempt, START at 6 and steps 6 to 8 of a second:
#     first file without START   older 1 2 3 4 5 6 7 8    newer 1 2 3 4 5 6 7 8 9 10 6 7 8
#     first file with START      older 1 2 3 4 5 6 7 8    newer 1 2 3 4 5 6 7 8
#
# Ends with 0 while this is so, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" --quiet --disable-pip-version-check install tensorboard==2.21.0 setuptools==80.9.0

cat >"$folder/steps.py" <<'END'
import logging, os, sys
logging.disable(logging.CRITICAL)
from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter


def write(path, events):
    with open(path, "wb") as file:
        writer = RecordWriter(file)
        for event in events:
            writer.write(event.SerializeToString())
        writer.flush()


def version(time):
    return event_pb2.Event(wall_time=time, file_version="brain.Event:2")


def start(time, step):
    log = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    return event_pb2.Event(wall_time=time, step=step, session_log=log)


def scalars(time, steps):
    for step in steps:
        value = summary_pb2.Summary.Value(tag="loss", simple_value=1.0)
        yield event_pb2.Event(wall_time=time + step, step=step, summary=summary_pb2.Summary(value=[value]))


for name in ("without", "with"):
    folder = f"{sys.argv[1]}/{name}"
    os.mkdir(folder)
    first = [start(1000, 0)] if name == "with" else []
    write(folder + "/events.out.tfevents.1000.a", [version(1000), *first, *scalars(1000, range(1, 11))])
    write(folder + "/events.out.tfevents.2000.a", [version(2000), start(2000, 6), *scalars(2000, range(6, 9))])
    older = event_accumulator.EventAccumulator(folder)
    older.Reload()
    newer = plugin_event_accumulator.EventAccumulator(folder)
    newer.Reload()
    for reader, events in (("older", older.Scalars("loss")), ("newer", newer.Tensors("loss"))):
        print(name, reader, *(event.step for event in events))
END

found=$("$folder/python/bin/python" "$folder/steps.py" "$folder" 2>/dev/null)
echo "$found"
[ "$found" = "without older 1 2 3 4 5 6 7 8
without newer 1 2 3 4 5 6 7 8 9 10 6 7 8
with older 1 2 3 4 5 6 7 8
with newer 1 2 3 4 5 6 7 8" ] || { echo "TensorBoard reads restarts in another way than before." >&2; exit 1; }
