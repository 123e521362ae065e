export { kafka } from './kafka-source.js';
export { kafkaSink } from './kafka-sink.js';
export { wholeAnswers } from './kafka-sockets.js';
export type { KafkaConnection, KafkaMessage } from './kafka-client.js';
export type { KafkaColumn, KafkaDecoder, KafkaOptions, KafkaStart } from './kafka-options.js';
export type { KafkaSinkOptions } from './kafka-sink-options.js';
export type { SocketRequest } from './kafka-sockets.js';
