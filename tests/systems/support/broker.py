"""A Kafka broker of its own (KRaft, from its jars); kcat writes and reads it."""

import base64
import subprocess
import uuid

from . import answers, free_port, json_lines, maven_jars, need, run

KAFKA = "org.apache.kafka:kafka_2.13:4.1.1"
TOOLS = "org.apache.kafka:kafka-tools:4.1.1"
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data
num.partitions=3
offsets.topic.replication.factor=1
group.initial.rebalance.delay.ms=0
"""


class Broker:
    def __init__(self, lab):
        java, self.kcat = need("java", "kcat")
        jars = maven_jars("kafka", KAFKA)
        tools = maven_jars("kafka", TOOLS)
        self.tool = [java, "-cp", tools + "/*", "org.apache.kafka.tools.TopicCommand"]
        self.lab, port, controller = lab, free_port(), free_port()
        self.address = f"127.0.0.1:{port}"
        config = lab.write("server.properties", PROPERTIES.format(
            port=port, controller=controller, folder=lab.folder))
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[:22]
        run([java, "-cp", jars + "/*", "kafka.tools.StorageTool", "format", "-t", cluster, "-c",
             config])
        server = lab.start([java, "-Xmx512m", "-cp", jars + "/*", "kafka.Kafka", config])
        lab.serves(server, lambda: answers(port) and subprocess.run(
            [self.kcat, "-b", self.address, "-L"], capture_output=True,
            check=False).returncode == 0)

    def create(self, topic, partitions):
        """A topic of so many; one that is written unseen has three."""
        run([*self.tool, "--bootstrap-server", self.address, "--create", "--topic", topic,
             "--partitions", str(partitions), "--replication-factor", "1"])

    def consume(self, topic, *options):
        return [self.kcat, "-b", self.address, "-C", "-q", "-u", "-t", topic, *options]

    def produce(self, topic, *options):
        return [self.kcat, "-b", self.address, "-P", "-t", topic, *options]

    def fill(self, topic, records, partition):
        run(self.produce(topic, "-p", str(partition)), input=json_lines(records).encode())

    def fill_thirds(self, topic, records):
        for partition in range(3):
            self.fill(topic, records[partition::3], partition)

    def rows(self, topic):
        got = run(self.consume(topic, "-p", "0", "-o", "beginning", "-e"))
        return [line + b"\n" for line in got.splitlines()]
