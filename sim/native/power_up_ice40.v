// Power-up of an iCE40's memories: what no configuration sets is random. Verilator's own random
// values are the same in all words of a memory.
module tickless_spram_power_up;
  integer i;
  initial begin
    for (i = 0; i < 16384; i = i + 1) SB_SPRAM256KA.mem[i] = 16'($urandom);
    SB_SPRAM256KA.DATAOUT = 16'($urandom);
  end
endmodule

module tickless_block_ram_power_up;
  initial SB_RAM40_4K.RDATA_I = 16'($urandom);
endmodule

bind SB_SPRAM256KA tickless_spram_power_up power_up ();
bind SB_RAM40_4K tickless_block_ram_power_up power_up ();
