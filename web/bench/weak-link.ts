import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { program } from '../e2e/server.ts'

/** What `preau load link` says when its link stands. */
interface Standing {
  readonly namespace: string
  readonly near: string
  readonly far: string
  readonly changes: readonly number[] | null
}

/** Another host at the far end of a weak link to this one. It is free until `begin`. Needs root. */
export class WeakLink {
  private constructor(
    private readonly child: ChildProcess,
    private readonly directory: string,
    /** The far host's name for `ip netns exec`. */
    readonly namespace: string,
    /** This machine's address, as the far host sees it. */
    readonly near: string,
    /** When the link changes, in seconds from `begin`. */
    readonly changes: readonly number[],
  ) {}

  /** With a profile's name, or with more flags of `preau load link`. */
  static async open(profile: string, more: readonly string[] = []): Promise<WeakLink> {
    const directory = await mkdtemp(join(tmpdir(), 'preau-link-'))
    const report = ['--report', join(directory, 'report')]
    const words = ['load', 'link', '--hold', '--profile', profile, ...report, ...more]
    const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'] })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', resolve)
      child.once('error', reject)
      child.once('exit', () => reject(new Error(`the link did not come to stand: ${said}`)))
    })
    const who = JSON.parse(line) as Standing
    return new WeakLink(child, directory, who.namespace, who.near, who.changes ?? [])
  }

  /** Starts the profile's story, and says when: milliseconds since 1970. */
  begin(): number {
    this.child.stdin?.write('begin\n')
    return Date.now()
  }

  /** What became of both ways' packets, by the second: lines of `preau load link --report`. */
  async report(): Promise<unknown[]> {
    const text = await readFile(join(this.directory, 'report'), 'utf8')
    return text
      .slice(0, text.lastIndexOf('\n') + 1) // the last line may be half written
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as unknown)
  }

  async close(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = new Promise((resolve) => this.child.once('exit', resolve))
      this.child.stdin?.end()
      await ended
    }
    await rm(this.directory, { recursive: true, force: true })
  }
}
