"""One task of the kafka-python tests: kafka_python.py BOOTSTRAP TASK JSON-ARGUMENTS

Writes its results as lines of JSON. Ends when its standard input ends: the test that started it is gone.
"""
import json
import os
import sys
import threading
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition, __version__
from kafka.admin import NewTopic
from kafka.structs import OffsetAndMetadata


def end_with_parent():
    sys.stdin.read()
    os._exit(66)


def say(result):
    print(json.dumps(result), flush=True)


def text(data):
    return None if data is None else data.decode()


def consumer(args, **settings):
    return KafkaConsumer(
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        heartbeat_interval_ms=300,
        fetch_max_wait_ms=200,
        **settings,
    )


def produce(args):
    producer = KafkaProducer(
        bootstrap_servers=bootstrap, acks=args.get("acks", "all"), compression_type=args.get("compression")
    )
    sent = [
        producer.send(
            args["topic"],
            key=None if key is None else key.encode(),
            value=None if value is None else value.encode(),
            headers=[(name, content.encode()) for name, content in args.get("headers", [])],
        )
        for key, value in args["messages"]
    ]
    producer.flush(30)
    for future in sent:
        place = future.get(30)
        say({"partition": place.partition, "offset": place.offset})
    producer.close(10)


def consume(args):
    member = consumer(args, group_id=args["group"])
    member.subscribe([args["topic"]])
    seen = 0
    while seen < args["count"]:
        for messages in member.poll(200).values():
            for message in messages:
                if seen < args["count"]:
                    seen += 1
                    say(
                        {
                            "partition": message.partition,
                            "offset": message.offset,
                            "key": text(message.key),
                            "value": text(message.value),
                            "headers": [[name, text(content)] for name, content in message.headers],
                        }
                    )
                    member.commit(
                        {
                            TopicPartition(message.topic, message.partition): OffsetAndMetadata(
                                message.offset + 1, "by python"
                            )
                        }
                    )
    member.close()


def seek(args):
    reader = consumer(args)
    partition = TopicPartition(args["topic"], 0)
    reader.assign([partition])
    say({"beginning": reader.beginning_offsets([partition])[partition]})
    say({"end": reader.end_offsets([partition])[partition]})
    say({"at": reader.offsets_for_times({partition: args["time"]})[partition].offset})
    reader.seek(partition, args["offset"])
    for messages in reader.poll(20000, max_records=1).values():
        say({"value": text(messages[0].value)})
    reader.close()


def admin(args):
    client = KafkaAdminClient(bootstrap_servers=bootstrap)
    client.create_topics([NewTopic(args["create"], 2, 1)])
    deadline = time.monotonic() + 20
    while args["create"] not in client.list_topics() and time.monotonic() < deadline:
        time.sleep(0.1)
    say({"topics": client.list_topics()})
    say({"partitions": len(client.describe_topics([args["create"]])[0]["partitions"])})
    client.delete_topics([args["create"]])
    # Apache Kafka answers before each of its brokers knows of the deletion: ask again.
    deadline = time.monotonic() + 20
    while args["create"] in client.list_topics() and time.monotonic() < deadline:
        time.sleep(0.1)
    say({"topics": client.list_topics()})
    say({"groups": [group for group, _ in client.list_consumer_groups()]})
    offsets = client.list_consumer_group_offsets(args["group"])
    say({"offsets": {str(partition.partition): offset.offset for partition, offset in offsets.items()}})
    client.close()


if sys.argv[1] == "--version":
    print(__version__)
    sys.exit(0)
bootstrap = sys.argv[1].split(",")
threading.Thread(target=end_with_parent, daemon=True).start()
{"produce": produce, "consume": consume, "seek": seek, "admin": admin}[sys.argv[2]](json.loads(sys.argv[3]))
sys.stdout.flush()
os._exit(0)
