import { CompleteMultipartUploadCommand, CreateBucketCommand, CreateMultipartUploadCommand, DeleteBucketCommand, DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { stream } from 'millrace';
import { s3 } from 'millrace/s3';
import { Result, WholeRows, lineOf } from './sinks-rows.mjs';

/** A run writes so many objects. Those of lines go in parts, unless there are few rows. */
const OBJECTS = 2;
/** As the sink's; and as many on their way at once as the upload helper of the package has. */
const PART_BYTES = 8 * 2 ** 20, PARTS_AT_ONCE = 4;
const GROUP_ROWS = 100_000;

/** The sink; and the client of the package with objects of the same rows, in parts of the same size, which go while the next rows are put together. */
export async function openS3(address, input, engine) {
  const { username, password, origin } = new URL(address);
  const client = new S3Client({ endpoint: origin, region: 'us-east-1', forcePathStyle: true, credentials: { accessKeyId: username, secretAccessKey: password } });
  const Bucket = `bench-sinks-${process.pid}-${Date.now()}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  const perObject = input.rows / OBJECTS;
  const question = (format, title, upload, addAll) => ({
    name: `S3, ${title}`,
    ours: () => stream(input.results.source(), Result).to(s3({ client, bucket: Bucket, prefix: 'results/', format, roll: { rows: perObject } })).run({ engine }),
    peers: { [`client-s3, ${title}`]: async () => {
      const onTheirWay = [];
      for (let object = 0; object < OBJECTS; object++) {
        const { sent } = await upload(client, { Bucket, Key: `results/${object}` }, input, object * perObject, (object + 1) * perObject);
        onTheirWay.push(sent);
      }
      await Promise.all(onTheirWay);
    } },
    prepare: () => empty(client, Bucket),
    check: () => isWhole(client, Bucket, input, addAll),
  });
  return {
    questions: [
      question('jsonl', 'JSON lines', uploadLines, (found, bytes) => found.addLines(Buffer.from(bytes).toString())),
      question('parquet', 'Parquet', uploadParquet, async (found, bytes) => {
        for (const row of await parquetReadObjects({ file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length), compressors })) found.add(row);
      }),
    ],
    close: async () => {
      await empty(client, Bucket);
      await client.send(new DeleteBucketCommand({ Bucket }));
      client.destroy();
    },
  };
}

/** Resolves once all is on its way; `sent` when it has arrived. */
async function uploadLines(client, target, input, begin, end) {
  const parts = [];
  let UploadId, lines = [], bytes = 0;
  const send = async () => {
    UploadId ??= (await client.send(new CreateMultipartUploadCommand(target))).UploadId;
    await parts.at(-PARTS_AT_ONCE);
    const PartNumber = parts.length + 1;
    parts.push(client.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body: Buffer.from(lines.join('')) })).then(({ ETag }) => ({ PartNumber, ETag })));
    lines = [];
    bytes = 0;
  };
  for (let row = begin; row < end; row++) {
    const line = `${lineOf(input, row)}\n`;
    lines.push(line);
    // All are ASCII.
    bytes += line.length;
    if (bytes >= PART_BYTES) await send();
  }
  if (UploadId === undefined) return { sent: client.send(new PutObjectCommand({ ...target, Body: Buffer.from(lines.join('')) })) };
  if (bytes > 0) await send();
  return { sent: Promise.all(parts).then(Parts => client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }))) };
}

function uploadParquet(client, target, { campaign, time, version, views, clicks }, begin, end) {
  const int64 = (name, values, type = 'INT64') => ({ name, type, data: values.subarray(begin, end) });
  const Body = new Uint8Array(parquetWriteBuffer({ rowGroupSize: GROUP_ROWS, columnData: [
    { name: 'campaign', type: 'STRING', data: campaign.slice(begin, end) },
    int64('windowStart', time, 'TIMESTAMP'), int64('version', version), int64('views', views), int64('clicks', clicks),
  ] }));
  return { sent: client.send(new PutObjectCommand({ ...target, Body })) };
}

const keysIn = async (client, Bucket) => ((await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'results/' }))).Contents ?? []).map(({ Key }) => Key);
async function empty(client, Bucket) {
  for (const Key of await keysIn(client, Bucket)) await client.send(new DeleteObjectCommand({ Bucket, Key }));
}
/** Whether the objects together have every row once. */
async function isWhole(client, Bucket, input, addAll) {
  const found = new WholeRows(input), keys = await keysIn(client, Bucket);
  for (const Key of keys) await addAll(found, await (await client.send(new GetObjectCommand({ Bucket, Key }))).Body.transformToByteArray());
  return keys.length === OBJECTS && found.equal;
}
