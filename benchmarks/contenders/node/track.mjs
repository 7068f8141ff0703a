// What the JavaScript contenders have in common; the same as Track, Task, Load and Lap of the Java ones.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

const parse = words => Object.fromEntries(words.map(word => word.split(/=(.*)/s).slice(0, 2)))

export const always = parse(process.argv.slice(2))

const KEYS = 10_000
const STRIDE = 7_919
const keys = Array.from({ length: KEYS }, (_, i) => Buffer.from(`user-${String(i).padStart(6, '0')}`))
export const key = number => keys[(number * STRIDE) % KEYS]
export const value = randomBytes(Number(always.bytes))

// Behind the name in brackets: state is the first field; utime and stime are the 12th and 13th, in hundredths of a second.
function reading() {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { at: process.hrtime.bigint(), cpu: (Number(fields[11]) + Number(fields[12])) / 100 }
}

class Lap {
  constructor(task) {
    this.lead = Number(task.lead)
    this.messages = Number(task.messages)
    this.all = this.lead + this.messages
    this.count = 0
    this.over = new Promise(resolve => (this.end = resolve))
    // One message is done: handled, or acknowledged.
    this.passed = () => {
      this.count++
      if (this.count === this.lead) {
        this.begun = reading()
      } else if (this.count === this.all) {
        this.ended = reading()
        this.end()
      }
    }
  }

  result() {
    const seconds = Number(this.ended.at - this.begun.at) / 1e9
    const cpu = this.ended.cpu - this.begun.cpu
    return `lap messages=${this.messages} seconds=${seconds.toFixed(6)} cpu=${cpu.toFixed(6)}`
  }
}

// Does laps until the runner wants no more: each line that it sends is one.
export async function follow(run) {
  const socket = connect(Number(always.runner), '127.0.0.1')
  for await (const line of createInterface({ input: socket })) {
    const task = { ...always, ...parse(line.split(' ')) }
    const lap = new Lap(task)
    await run(task, lap)
    socket.write(lap.result() + '\n')
  }
  process.exit(0)
}

export const unknown = task => new Error(`work=${task.work} is nothing that this contender does`)
