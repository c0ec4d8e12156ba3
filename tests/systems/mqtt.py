#!/usr/bin/env python3
"""A mosquitto broker, mosquitto_sub and mosquitto_pub around winagg: by a pipe, and, since MQTT gives
nothing twice, by a file that the subscriber appends to and winagg follows while it is killed."""

import os
import random
import subprocess
import time

from support import WINAGG, Lab, answers, events, free_port, inspect, json_lines, kill, need, wait_for, winagg

COUNT = 20000
OPTIONS = ["-t", "t", "-w", "5s", "-k", "k", "-a", "count,sum:v,max:v"]


class Broker:
    def __init__(self, lab):
        mosquitto, self.sub, self.pub = need("mosquitto", "mosquitto_sub", "mosquitto_pub")
        self.port = free_port()
        # Whoever runs it: as root it would change to a user of its own.
        config = lab.write("mosquitto.conf", f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
                           "max_queued_messages 0\npersistence false\n"
                           + ("user root\n" if os.geteuid() == 0 else ""))
        lab.serves(lab.start([mosquitto, "-c", config]), lambda: answers(self.port))
        self.lab = lab

    def subscribe(self, topic, count):
        """What comes there, a line each; its end after so many. A session that outlives it."""
        return [self.sub, "-h", "127.0.0.1", "-p", str(self.port), "-t", topic, "-q", "2", "-i",
                f"reader-{topic}", "-c", "-C", str(count)]

    def publish(self, topic):
        return [self.pub, "-h", "127.0.0.1", "-p", str(self.port), "-t", topic, "-q", "2", "-l"]

    def announce(self, topic):
        """From now on the broker keeps for the reader what comes there."""
        subprocess.run([*self.subscribe(topic, 1), "-E"], check=True)


def piped(lab, broker, records, expected):
    rows = expected.count(b"\n")
    broker.announce("in")
    broker.announce("rows")
    with open(lab.path("rows"), "wb") as file:
        end = lab.start(broker.subscribe("rows", rows), stdout=file)
    source = subprocess.Popen(broker.subscribe("in", COUNT), stdout=subprocess.PIPE)
    program = subprocess.Popen([WINAGG, *OPTIONS, "-d", "2s", "--stats"], stdin=source.stdout,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    sink = subprocess.Popen(broker.publish("rows"), stdin=program.stdout)
    source.stdout.close()
    program.stdout.close()
    subprocess.run(broker.publish("in"), input=json_lines(records).encode(), check=True)
    said = program.stderr.read()
    for process in (source, program, sink, end):
        process.wait()
    lab.ok(b'"too_late":0,' in said, "nothing was too late", said.decode())
    lab.same(lab.read("rows"), expected, "from a topic to a topic: the rows of a quiet run")


def spooled(lab, broker, records, expected):
    broker.announce("spooled")
    spool, state, rng, kills = lab.path("spool"), lab.path("state"), random.Random(1), 0
    with open(spool, "wb") as file:
        source = lab.start(broker.subscribe("spooled", COUNT), stdout=file)
    producer = subprocess.Popen(broker.publish("spooled"), stdin=subprocess.PIPE)
    command = [WINAGG, *OPTIONS, "-d", "2s", "-s", state, "--output", lab.path("out"), "--checkpoint", "20ms"]
    process = lab.start([*command, "--follow", spool])
    piece = COUNT // 50
    for start in range(0, COUNT, piece):
        producer.stdin.write(json_lines(records[start:start + piece]).encode())
        producer.stdin.flush()
        time.sleep(0.05)
        if rng.random() < 0.5:
            kill(process)
            kills += 1
            process = lab.start([*command, "--follow", spool])
    producer.stdin.close()
    producer.wait()
    source.wait()
    wait_for("all of it used", lambda: inspect(state).get("used") == COUNT)
    process.terminate()
    process.wait()
    winagg(*command[1:], spool)
    lab.same(lab.read("out"), expected, f"by a file, killed {kills} times: the rows of a quiet run")


def main():
    with Lab("mqtt") as lab:
        broker = Broker(lab)
        records = events(1, COUNT, 2)
        expected = winagg(*OPTIONS, "-d", "all", input=json_lines(records).encode())
        piped(lab, broker, records, expected)
        spooled(lab, broker, records, expected)


if __name__ == "__main__":
    main()
