#!/usr/bin/env node
import { runEmulate } from './cli/emulate.ts'
import { runGraph } from './cli/graph.ts'
import { runLint } from './cli/lint.ts'
import { runRehearse } from './cli/rehearse.ts'
import { runServe } from './cli/serve.ts'
import { processEnvironment } from './config/load.ts'

const USAGE = `usage: turnstate COMMAND

  serve [--config FILE] [--host H] [--port P]   start the server (default: ./turnstate.yaml, else the demo);
        [--workers N]                           N processes that share the port; needs store: redis
  lint FILE                                     check a configuration; exit code 1 if it has errors
  graph FILE                                    print the flow as a Mermaid state diagram
  rehearse URL [--only 3,silence] [--json] ...  play a voice platform's difficult traffic at a Custom LLM server
  emulate --url URL --agent FILE [--port P] ... be the ElevenLabs agent that a client talks to
`

// A reader that stops early, such as `| head`, is no error of ours.
process.stdout.on('error', () => process.exit())

const io = {
  stdout: (text: string) => void process.stdout.write(text),
  stderr: (text: string) => void process.stderr.write(text),
  env: processEnvironment(),
}

const [command, ...args] = process.argv.slice(2)

switch (command) {
  case 'serve':
    process.exitCode = await runServe(args, io)
    break
  case 'lint':
    process.exitCode = runLint(args, io)
    break
  case 'graph':
    process.exitCode = runGraph(args, io)
    break
  case 'rehearse':
    process.exitCode = await runRehearse(args, io)
    break
  case 'emulate':
    process.exitCode = await runEmulate(args, io)
    break
  case 'help':
  case '--help':
  case '-h':
    io.stdout(USAGE)
    break
  default:
    io.stderr(USAGE)
    process.exitCode = 2
}
