// What the JavaScript contenders have in common; the same as Task, Load and Lap of the Java ones.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'

export const task = Object.fromEntries(process.argv.slice(2).map(argument => argument.split(/=(.*)/s).slice(0, 2)))

const warmUp = Number(task['warm-up'])
const messages = Number(task.messages)
export const all = warmUp + messages

// The process ends with the one that started it, whose end of our standard input this is.
process.stdin.on('end', () => process.exit(66)).resume()

const KEYS = 10_000
const STRIDE = 7_919
const keys = Array.from({ length: KEYS }, (_, i) => Buffer.from(`user-${String(i).padStart(6, '0')}`))
export const key = number => keys[(number * STRIDE) % KEYS]
export const value = task.bytes === undefined ? undefined : randomBytes(Number(task.bytes))

// Behind the name in brackets: state is the first field; utime and stime are the 12th and 13th, in hundredths of a second.
function reading() {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { at: process.hrtime.bigint(), cpu: (Number(fields[11]) + Number(fields[12])) / 100 }
}

let count = 0
let begun

// One message is done: handled, or acknowledged.
export function passed() {
  count++
  if (count === warmUp) {
    begun = reading()
  } else if (count === all) {
    const ended = reading()
    const seconds = Number(ended.at - begun.at) / 1e9
    console.log(`lap messages=${messages} seconds=${seconds.toFixed(6)} cpu=${(ended.cpu - begun.cpu).toFixed(6)}`)
    process.exit(0)
  }
}
