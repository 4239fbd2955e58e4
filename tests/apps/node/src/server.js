// SPDX-License-Identifier: Apache-2.0
// A small web service: every request gets a number and a greeting.
import express from 'express';
import { greeting } from './greeting.js';

const app = express();
let served = 0;

app.get('*', (request, response) => {
  response.type('text').send(`${greeting} ${++served} ${request.path}\n`);
});
app.listen(Number(process.env.PORT), '127.0.0.1');
