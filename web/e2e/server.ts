import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Network } from './network.ts'

export const program = new URL('../../bin/preau', import.meta.url).pathname

/** A running `preau serve --dev` with ports of the kernel's choice and a data directory of its own. */
export class Server {
  readonly #data: string
  #child: ChildProcess | undefined
  #log: string[] = []
  url = ''

  private constructor(
    data: string,
    private readonly network: Network | undefined,
    private readonly more: readonly string[],
  ) {
    this.#data = data
  }

  /** Starts it on this host's loopback, or on the host at the far end of a network. */
  static async start(network?: Network, more: readonly string[] = []): Promise<Server> {
    const server = new Server(await mkdtemp(join(tmpdir(), 'preau-e2e-')), network, more)
    await server.#run('0')
    return server
  }

  /** The last lines of its log, for a failed test. */
  get log(): string {
    return this.#log.slice(-60).join('\n')
  }

  /** Kills the program without a word and starts it again on the same port and data. */
  async crash(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async restart(): Promise<void> {
    await this.#run(new URL(this.url).port)
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
    await rm(this.#data, { recursive: true, force: true })
  }

  async #run(port: string): Promise<void> {
    // prettier-ignore
    const serve = [program, 'serve', '--dev', '--port', port, '--rtc-udp-port', '0', '--rtc-tcp-port', '0', '--turn-port', '0', '--data', this.#data, ...this.more]
    const command = this.network
      ? ['ip', 'netns', 'exec', this.network.name, ...serve, '--bind', this.network.address]
      : serve
    const child = spawn(command[0] ?? program, command.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log.push(...text.trimEnd().split('\n'))
    })
    this.url = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        this.#log.push(line)
        const url = /https?:\/\/[0-9.:[\]]+/.exec(line)?.[0]
        if (url) resolve(url)
      })
      child.once('exit', (code) => {
        reject(new Error(`preau ended with ${String(code)}:\n${this.log}`))
      })
    })
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (child?.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill(signal)
      await ended
    }
    this.#child = undefined
  }
}
