// KafkaJS with its defaults. Works: each, send-batch.
import kafkajs from 'kafkajs'
import { all, key, passed, task, value } from './track.mjs'

const kafka = new kafkajs.Kafka({ brokers: [task.bootstrap], logLevel: kafkajs.logLevel.ERROR })

if (task.work === 'each') {
  const consumer = kafka.consumer({ groupId: task.group })
  await consumer.connect()
  await consumer.subscribe({ topic: task.topic, fromBeginning: true })
  await consumer.run({ eachMessage: async () => passed() })
} else if (task.work === 'send-batch') {
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
  await producer.connect()
  const size = Number(task['at-once'])
  for (let sent = 0; sent < all; sent += size) {
    const messages = Array.from({ length: size }, (_, i) => ({ key: key(sent + i), value }))
    await producer.send({ topic: task.topic, acks: -1, messages })
    messages.forEach(passed)
  }
} else {
  throw new Error(`work=${task.work} is nothing that this contender does`)
}
