// @platformatic/kafka with its defaults, but for acks=all, and commits every 5 s (as all others) instead of after each
// fetch. Works: each, send-batch.
import { Consumer, ProduceAcks, Producer } from '@platformatic/kafka'
import { always, follow, key, unknown, value } from './track.mjs'

const client = { clientId: 'benchmark', bootstrapBrokers: [always.bootstrap] }
const producer = new Producer(client)

await follow(async (task, lap) => {
  if (task.work === 'each') {
    const consumer = new Consumer({ ...client, groupId: task.group })
    const stream = await consumer.consume({
      topics: [task.topic],
      mode: 'committed',
      fallbackMode: 'earliest',
      autocommit: 5000
    })
    stream.on('data', lap.passed)
    await lap.over
    await consumer.close(true)
  } else if (task.work === 'send-batch') {
    const size = Number(task['at-once'])
    for (let sent = 0; sent < lap.all; sent += size) {
      const messages = Array.from({ length: size }, (_, i) => ({ topic: task.topic, key: key(sent + i), value }))
      await producer.send({ acks: ProduceAcks.ALL, messages })
      messages.forEach(lap.passed)
    }
  } else {
    throw unknown(task)
  }
})
