import closeWithGrace from 'close-with-grace'
import { agentsFromFiles } from '../emulator/agent/agents-from-files.ts'
import { startEmulator, type Emulator } from '../emulator/agent/start-emulator.ts'
import { emulateBanner } from './emulate-banner.ts'
import { readEmulateSettings, type EmulateIo, type EmulateSettings } from './emulate-settings.ts'

/** What may stand in a line for a terminal: servers and clients send anything. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu
const CLOSE_LIMIT_MS = 5000

/** Starts the emulator and returns once it listens; the exit code is not 0 if it could not start. */
export async function runEmulate(args: readonly string[], io: EmulateIo): Promise<number> {
  const settings = readEmulateSettings(args, io)
  if (typeof settings === 'number') return settings
  const emulator = await start(settings, io)
  if (!emulator) {
    const { host, port } = settings
    io.stderr(`Cannot listen on ${host}:${port}. Choose another --port or --host.\n`)
    return 1
  }
  closeWithGrace({ delay: CLOSE_LIMIT_MS }, async ({ err }) => {
    if (err) io.stderr(`stopping after an error: ${err.message}\n`)
    await emulator.close()
  })
  io.stdout(emulateBanner(emulator.url, settings))
  return 0
}

async function start(settings: EmulateSettings, { stdout }: EmulateIo): Promise<Emulator | null> {
  const { agents, host, port, apiKey } = settings
  const log = (line: string) => stdout(`${line.replace(UNPRINTABLE, '')}\n`)
  try {
    return await startEmulator({ ...agentsFromFiles(agents, log), host, port, apiKey, log })
  } catch {
    return null
  }
}
