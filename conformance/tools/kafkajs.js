// One task of the KafkaJS tests: node kafkajs.js BOOTSTRAP TASK JSON-ARGUMENTS
// Writes its results as lines of JSON. Ends when its standard input ends: the test that started it is gone.
'use strict';

const { Kafka, CompressionTypes, CompressionCodecs, ConfigResourceTypes, logLevel } = require('kafkajs');
const snappyjs = require('snappyjs');

// The framing that Java's Snappy streams use, and that every Kafka client therefore writes and reads.
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
CompressionCodecs[CompressionTypes.Snappy] = () => ({
  compress: async (encoder) => Buffer.from(snappyjs.compress(encoder.buffer)),
  decompress: async (buffer) => {
    if (!buffer.subarray(0, 8).equals(XERIAL)) return Buffer.from(snappyjs.uncompress(buffer));
    const chunks = [];
    for (let at = 16; at < buffer.length; ) {
      const size = buffer.readUInt32BE(at);
      chunks.push(Buffer.from(snappyjs.uncompress(buffer.subarray(at + 4, at + 4 + size))));
      at += 4 + size;
    }
    return Buffer.concat(chunks);
  },
});

const [, , bootstrap, task, json] = process.argv;
const args = JSON.parse(json || '{}');
const kafka = new Kafka({
  brokers: bootstrap.split(','),
  clientId: 'kafkajs-test',
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 100, retries: 12 },
});
const say = (result) => console.log(JSON.stringify(result));
const text = (buffer) => (buffer === null || buffer === undefined ? null : buffer.toString());

const tasks = {
  async produce() {
    const producer = kafka.producer({ idempotent: Boolean(args.idempotent), maxInFlightRequests: args.inFlight });
    await producer.connect();
    const places = await producer.send({
      topic: args.topic,
      acks: args.acks === undefined ? -1 : args.acks,
      compression: CompressionTypes[args.compression || 'None'],
      messages: args.messages,
    });
    say({ places });
    await producer.disconnect();
  },

  // Consumes until `count` messages have come, or for ever if there is no count.
  async consume() {
    const consumer = kafka.consumer({ groupId: args.group, heartbeatInterval: 300, maxWaitTimeInMs: 200 });
    const done = new Promise((resolve) => {
      let seen = 0;
      const one = (topic, partition, message) => {
        say({
          topic,
          partition,
          offset: message.offset,
          key: text(message.key),
          value: text(message.value),
          headers: Object.fromEntries(Object.entries(message.headers || {}).map(([k, v]) => [k, text(v)])),
          timestamp: message.timestamp,
        });
        seen += 1;
        if (seen === args.count) resolve();
      };
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
        say({ joined: Object.values(payload.memberAssignment).flat().length, leader: payload.isLeader }));
      consumer.connect()
        .then(() => consumer.subscribe({ topics: [args.topic], fromBeginning: Boolean(args.fromBeginning) }))
        .then(() => consumer.run(args.batch
          ? {
            eachBatchAutoResolve: false,
            eachBatch: async ({ batch, resolveOffset, heartbeat }) => {
              for (const message of batch.messages) {
                if (args.stopAfter !== undefined && seen >= args.stopAfter) break;
                one(batch.topic, batch.partition, message);
                resolveOffset(message.offset);
                await heartbeat();
              }
            },
          }
          : { eachMessage: async ({ topic, partition, message }) => one(topic, partition, message) }))
        .then(() => {
          if (args.seek !== undefined) consumer.seek({ topic: args.topic, partition: 0, offset: args.seek });
          if (args.pause) {
            consumer.pause([{ topic: args.topic }]);
            setTimeout(() => { say({ resumed: seen }); consumer.resume([{ topic: args.topic }]); }, 700);
          }
        })
        .catch((error) => { console.error(error); process.exit(1); });
    });
    await done;
    await consumer.disconnect();
  },

  async admin() {
    const admin = kafka.admin({ retry: { retries: 3 } });
    await admin.connect();
    for (const [method, ...parameters] of args.calls) {
      if (method === 'awaitGone') {
        // Apache Kafka answers a deletion before each of its brokers knows of it: ask again.
        for (let asked = 0; asked < 200 && (await admin.listTopics()).includes(parameters[0]); asked += 1) {
          await new Promise((resolve) => { setTimeout(resolve, 100); });
        }
        continue;
      }
      try {
        const result = await admin[method](...parameters);
        say({ [method]: result === undefined ? null : result });
      } catch (error) {
        say({ [method]: { error: error.type || error.name, message: error.message } });
      }
    }
    await admin.disconnect();
  },
};

process.stdin.on('end', () => process.exit(66)).resume();
if (task === 'admin') {
  for (const call of args.calls) {
    if (call[0] === 'describeConfigs') call[1].resources.forEach((resource) => { resource.type = ConfigResourceTypes.TOPIC; });
  }
}
tasks[task]().then(
  () => process.exit(0),
  (error) => { console.error(error); process.exit(1); },
);
