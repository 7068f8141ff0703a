-- What was done: JdbcDeduplication. A mark is the SHA-256 of the group and the message's id.
create table if not exists strandline_done (
    mark varchar(64) not null primary key,
    group_name varchar(255) not null,
    done_at bigint not null,
    index strandline_done_by_time (done_at)
);

-- What is to be sent: Outbox. Times are milliseconds since 1970.
create table if not exists strandline_outbox (
    id bigint not null auto_increment primary key,
    message_id varchar(255) not null,
    lane smallint not null,
    topic varchar(249) not null,
    partition_number int,
    message_time bigint,
    message_key longblob,
    message_value longblob,
    headers longblob not null,
    stored_at bigint not null,
    index strandline_outbox_by_lane (lane, id)
);

-- One row for each lane; who has it locked sends what is in the lane.
create table if not exists strandline_outbox_lane (
    lane smallint not null primary key
);
