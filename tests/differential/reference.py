"""The reference implementation as a process: a program a line, an answer a line, both JSON.

An answer has `yaml`, or `error` with the text of the message. A program that runs for too long
ends the process, as one does that crashes it.
"""
import json
import signal
import sys

import kcl_lib.api as api

LIMIT_SECONDS = 10


def answer(api_object, program):
    arguments = api.ExecProgramArgs(k_filename_list=["main.k"], k_code_list=[program])
    try:
        result = api_object.exec_program(arguments)
    except Exception as error:
        return {"error": str(error)}
    if result.err_message:
        return {"error": result.err_message}
    return {"yaml": result.yaml_result}


def main():
    api_object = api.API()
    for line in sys.stdin:
        # The default action ends the process: the library cannot be interrupted.
        signal.alarm(LIMIT_SECONDS)
        print(json.dumps(answer(api_object, json.loads(line))), flush=True)
        signal.alarm(0)


main()
