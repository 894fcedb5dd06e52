import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Another host on this machine: a network namespace at the far end of a cable (a veth pair), which
 * can be pulled out. Browsers run here, the server there. Needs root.
 */
export class Network {
  private constructor(
    /** Name of the namespace. */
    readonly name: string,
    private readonly cable: string,
    private readonly here: string,
    /** Address of the host over there. */
    readonly address: string,
  ) {}

  static async make(): Promise<Network> {
    const id = randomInt(0x1000, 0xffff).toString(16)
    const [name, here, there] = [`preau-${id}`, `pr${id}a`, `pr${id}b`]
    const subnet = `10.${randomInt(64, 127).toString()}.${randomInt(0, 255).toString()}`
    const network = new Network(name, here, `${subnet}.1`, `${subnet}.2`)
    await ip('netns', 'add', name)
    try {
      await ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', name)
      await ip('-n', name, 'addr', 'add', `${network.address}/30`, 'dev', there)
      await ip('-n', name, 'link', 'set', 'lo', 'up')
      await ip('-n', name, 'link', 'set', there, 'up')
      await network.plug()
      // Firefox sends from its default interface, whatever the way: the answer comes back by us.
      await ip('-n', name, 'route', 'add', 'default', 'via', network.here)
    } catch (error) {
      await network.close()
      throw error
    }
    return network
  }

  /** Pulls the cable out: this side loses its address, as when a wireless network is lost. */
  async unplug(): Promise<void> {
    await ip('addr', 'flush', 'dev', this.cable)
    await ip('link', 'set', this.cable, 'down')
  }

  async plug(): Promise<void> {
    await ip('addr', 'add', `${this.here}/30`, 'dev', this.cable)
    await ip('link', 'set', this.cable, 'up')
  }

  async close(): Promise<void> {
    await ip('netns', 'del', this.name)
  }
}

async function ip(...words: string[]): Promise<void> {
  await run('ip', words)
}
