// precache tells the service worker which files the build has. It comes last: what
// is hashed must not change any more.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin, Rolldown } from 'vite'

type File = Rolldown.OutputAsset | Rolldown.OutputChunk

/** The worker has no hash in its name: browsers ask for it again by that name. */
export const worker = 'sw.js'

export function precache(): Plugin {
  let from = 'public'
  return {
    name: 'preau:precache',
    apply: 'build',
    enforce: 'post',
    configResolved(config) {
      from = config.publicDir
    },
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const script = bundle[worker]
        if (script?.type !== 'chunk') throw new Error(`${worker} is not in the build`)
        if (script.imports.length > 0) throw new Error(`${worker} shares code with the page`)
        const files = new Map<string, string>()
        for (const name of readdirSync(from)) files.set(name, sum(readFileSync(join(from, name))))
        for (const file of Object.values(bundle)) files.set(file.fileName, sum(bytesOf(file)))
        files.delete(worker)
        const [before, after, ...more] = script.code.split('__BUILD__')
        if (after === undefined || more.length > 0)
          throw new Error(`${worker}: one __BUILD__, please`)
        script.code = [before, JSON.stringify(buildOf(files)), after].join('')
      },
    },
  }
}

function buildOf(files: Map<string, string>): { version: string; index: string; files: string[] } {
  const index = files.get('index.html')
  if (index === undefined) throw new Error('index.html is not in the build')
  files.delete('index.html')
  const names = [...files.keys()].sort()
  const all = names.map((name) => `${name} ${files.get(name) ?? ''}`)
  const version = sum(Buffer.from([index, ...all].join('\n'))).slice(0, 16)
  return { version, index, files: names.map((name) => `/${name}`) }
}

function bytesOf(file: File): Uint8Array {
  const content = file.type === 'chunk' ? file.code : file.source
  return typeof content === 'string' ? Buffer.from(content) : content
}

function sum(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
