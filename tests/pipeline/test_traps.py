"""What a process may do to a pipeline: each in a process of its own, with a limit of time."""

import subprocess
import sys

import pytest

BEFORE = """
import asyncio,time,ctypes
from synqc.pipeline import *
R=native(ctypes.CDLL('libm.so.6').sqrt)
async def aslow(x):
    await asyncio.sleep(.01); return x
def tslow(x):
    time.sleep(.01); return x
"""

CASES = {
    "unconsumed stream at exit": """
s=Pipeline([Stage(aslow,concurrency=3),Stage(tslow,concurrency=2)]).stream(iter(int,1)); next(s)
""",
    "ctrl-c coroutine": """
import threading,_thread
threading.Timer(.2,_thread.interrupt_main).start()
try: Pipeline([Stage(aslow,concurrency=3)]).run(iter(int,1)); print('no')
except KeyboardInterrupt as e: assert len(e.results)>0 and e.results.stopped=='interrupt'
""",
    "ctrl-c caller": """
import threading,_thread
threading.Timer(.2,_thread.interrupt_main).start()
try: Pipeline([tslow]).run(iter(int,1)); print('no')
except KeyboardInterrupt as e: assert len(e.results)>0 and e.results.stopped=='interrupt',e.results
""",
    "ctrl-c threads": """
import threading,_thread
threading.Timer(.2,_thread.interrupt_main).start()
try: Pipeline([Stage(tslow,concurrency=3)]).run(iter(int,1)); print('no')
except KeyboardInterrupt as e: assert len(e.results)>0 and e.results.stopped=='interrupt'
""",
    "fork after use": """
import os
P=Pipeline([R,Stage(aslow,concurrency=3),Stage(abs,concurrency=2)]); assert len(P.run(range(5)))==5
p=os.fork()
if p==0:
  assert len(P.run(range(5)))==5; os._exit(0)
assert os.waitpid(p,0)[1]==0
""",
    "in running loop": """
async def m():
  assert len(Pipeline([aslow]).run(range(3)))==3
asyncio.run(m())
""",
    "reentrant": """
P=Pipeline([abs]); assert Pipeline([lambda x: sum(P.run(range(x)).values)]).run([3,4]).values==[3,6]
""",
    "arun": """
async def src():
  for k in range(50): yield k
async def m():
  r=await Pipeline([Stage(aslow,concurrency=10),abs,Stage(abs,concurrency=2),R]).arun(src()); assert len(r)==50
  t=asyncio.create_task(Pipeline([aslow]).arun(iter(int,1))); await asyncio.sleep(.1); t0=time.time(); t.cancel()
  try: await t; print('no')
  except asyncio.CancelledError: assert time.time()-t0<1
  got=[]
  async with Pipeline([Stage(aslow,concurrency=4)],order='completion').astream(src()) as s:
    async for x in s:
      got.append(x)
      if len(got)==7: break
  assert len(got)==7 and len(asyncio.all_tasks())==1
asyncio.run(m())
""",
    "stream late cancel": """
s=Pipeline([Stage(aslow,concurrency=3)]).stream(iter(int,1)); next(s); t=time.time(); s.close(); assert time.time()-t<1
""",
    "memory": """
from synqc.measure import peak_resident_bytes as peak
P=Pipeline([abs,Stage(abs,concurrency=2)],on_error='collect')
def go():
  for k in range(300): P.run(['x',1,2])
go(); a=peak(); go(); go(); b=peak(); assert b-a<3e6,(a,b)
""",
}


@pytest.mark.parametrize("program", CASES.values(), ids=CASES.keys())
def test_nothing_hangs_or_is_lost(program):
    answer = subprocess.run(
        [sys.executable, "-c", BEFORE + program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
