// Loads the starter model with node-llama-cpp, another user of llama.cpp, and talks to it.
//
//   node models/starter/eval/check-node.mjs [models/starter.gguf]
//
// node-llama-cpp is looked for where npm put it for this repository, or in NODE_LLAMA_CPP.
import path from "node:path";
import {pathToFileURL} from "node:url";

const home = process.env.NODE_LLAMA_CPP ?? path.resolve("node_modules/node-llama-cpp");
const {getLlama, LlamaChatSession} = await import(pathToFileURL(path.join(home, "dist/index.js")).href);

const llama = await getLlama({gpu: false, build: "never", maxThreads: 1, logLevel: "error"});
const model = await llama.loadModel({modelPath: path.resolve(process.argv[2] ?? "models/starter.gguf")});
const context = await model.createContext({contextSize: 1024});
const session = new LlamaChatSession({contextSequence: context.getSequence(), systemPrompt: ""});
let failed = false;
for (const [question, expected] of [["salut", /salut|coucou|hey|bonjour/i], ["What is Docker?", /container|conteneur/i]]) {
    const answer = await session.prompt(question, {maxTokens: 100, temperature: 0});
    console.log(`${question}\n  ${answer}`);
    failed ||= !expected.test(answer);
}
await llama.dispose();
process.exit(failed ? 1 : 0);
