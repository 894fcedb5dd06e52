// precompress writes a Brotli and a gzip copy beside each text file of the
// build, so that the server compresses nothing while a class is on, and clears
// what an earlier build left behind.
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Plugin } from 'vite'

const text = new Set(['.html', '.js', '.css', '.svg', '.json', '.webmanifest', '.txt'])
const smallest = 512 // bytes; below it the headers outweigh the gain

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)

export function precompress(): Plugin {
  let out = 'dist'
  const started = Date.now()
  return {
    name: 'preau:precompress',
    apply: 'build',
    configResolved(config) {
      out = config.build.outDir
    },
    async closeBundle() {
      const files = await filesBelow(out)
      await Promise.all(files.map((file) => settle(out, file, started)))
    },
  }
}

async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name))
}

// What is older than this build is a leftover: Vite writes every file anew,
// the copies from public/ too.
async function settle(out: string, file: string, started: number): Promise<void> {
  if (relative(out, file) === '.keep') return
  if ((await stat(file)).mtimeMs < started - 1000) {
    await rm(file)
    return
  }
  if (!text.has(extname(file)) || file.split(sep).includes('.vite')) return
  const bytes = await readFile(file)
  if (bytes.length < smallest) return
  const best = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }
  await writeFile(`${file}.br`, await brotli(bytes, best))
  await writeFile(`${file}.gz`, await zip(bytes, { level: 9 }))
}
