// KafkaJS with its defaults. Works: each, send-batch.
import kafkajs from 'kafkajs'
import { always, follow, key, unknown, value } from './track.mjs'

const kafka = new kafkajs.Kafka({ brokers: [always.bootstrap], logLevel: kafkajs.logLevel.NOTHING })
const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
if (always.work === 'send-batch') await producer.connect()

await follow(async (task, lap) => {
  if (task.work === 'each') {
    const consumer = kafka.consumer({ groupId: task.group })
    await consumer.connect()
    await consumer.subscribe({ topic: task.topic, fromBeginning: true })
    await consumer.run({ eachMessage: async () => lap.passed() })
    await lap.over
    await consumer.disconnect()
  } else if (task.work === 'send-batch') {
    const size = Number(task['at-once'])
    for (let sent = 0; sent < lap.all; sent += size) {
      const messages = Array.from({ length: size }, (_, i) => ({ key: key(sent + i), value }))
      await producer.send({ topic: task.topic, acks: -1, messages })
      messages.forEach(lap.passed)
    }
  } else {
    throw unknown(task)
  }
})
