// Watches one link, records its transfers and, on request, stalls it at random.
//
// The gate obeys the stream rules itself: once it has shown a packet downstream it stays open
// until the transfer. Upstream `ready` needs upstream `valid`, so that a producer whose `valid`
// waits for `ready` never transfers, or closes a combinational loop that the build refuses.
module tickless_tap #(
    parameter int WIDTH = 1,
    parameter int LINK = 0
) (
    input logic clk,
    input logic [63:0] cycle,
    input logic stalls,
    input logic i_valid,
    input logic [WIDTH-1:0] i_payload,
    output logic i_ready,
    output logic o_valid,
    output logic [WIDTH-1:0] o_payload,
    input logic o_ready
);
  import "DPI-C" function void tickless_transfer(
    input int link,
    input longint cycle,
    input longint low
  );
  import "DPI-C" function void tickless_transfer_more(
    input int link,
    input longint word
  );
  import "DPI-C" function void tickless_violation(
    input int link,
    input longint cycle,
    input bit valid,
    input longint held,
    input longint seen
  );
  import "DPI-C" function void tickless_violation_more(
    input int link,
    input longint held,
    input longint seen
  );
  import "DPI-C" function bit tickless_gate(input int link);

  localparam int Words = (WIDTH + 63) / 64;

  logic open = 1'b1;
  logic waiting = 1'b0;
  logic [WIDTH-1:0] held = '0;
  wire [64*Words-1:0] offered = (64 * Words)'(i_payload);
  wire [64*Words-1:0] promised = (64 * Words)'(held);

  assign o_valid = i_valid & open;
  assign o_payload = i_payload;
  assign i_ready = o_valid & o_ready;

  always_ff @(posedge clk) begin
    waiting <= i_valid & ~i_ready;
    held <= i_payload;
    if (waiting & (~i_valid | i_payload != held)) begin
      tickless_violation(LINK, cycle, i_valid, promised[63:0], offered[63:0]);
      for (int word = 1; word < Words; word++)
        tickless_violation_more(LINK, promised[64*word+:64], offered[64*word+:64]);
    end
    if (i_ready) begin
      tickless_transfer(LINK, cycle, offered[63:0]);
      for (int word = 1; word < Words; word++) tickless_transfer_more(LINK, offered[64*word+:64]);
    end
    if (~stalls) open <= 1'b1;
    else if (~o_valid | o_ready) open <= tickless_gate(LINK);
  end
endmodule
