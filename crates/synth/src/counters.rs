//! Memory counters of the machine and of the process.

use crate::bytes::{Fields, low32};

/// Stream 21, MINIDUMP_SYSTEM_MEMORY_INFO_1, 0x1EC bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemMemory {
    /// Revision, 1.
    pub revision: u16,
    /// Flags; 0xF says that every part is valid.
    pub flags: u16,
    /// PageSize, bytes.
    pub page_size: u32,
    /// NumberOfPhysicalPages, pages.
    pub physical_pages: u32,
    /// AllocationGranularity, bytes.
    pub allocation_granularity: u32,
    /// MinimumUserModeAddress.
    pub minimum_user_mode_address: u64,
    /// MaximumUserModeAddress, the last valid one.
    pub maximum_user_mode_address: u64,
    /// NumberOfProcessors.
    pub processors: u32,
    /// AvailablePages, pages.
    pub available_pages: u64,
    /// CommittedPages, pages.
    pub committed_pages: u64,
    /// CommitLimit, pages.
    pub commit_limit: u64,
    /// PeakCommitment, pages.
    pub peak_commitment: u64,
    /// PagedPoolPages, pages.
    pub paged_pool_pages: u32,
    /// NonPagedPoolPages, pages.
    pub non_paged_pool_pages: u32,
    /// ResidentAvailablePages, pages.
    pub resident_available_pages: u64,
    /// SharedCommittedPages, pages.
    pub shared_committed_pages: u64,
}

impl Default for SystemMemory {
    /// 32 GiB of memory, 40 GiB of commit limit, 24 GiB committed.
    fn default() -> Self {
        SystemMemory {
            revision: 1,
            flags: 0xF,
            page_size: 4096,
            physical_pages: 0x80_0000,
            allocation_granularity: 0x1_0000,
            minimum_user_mode_address: 0x1_0000,
            maximum_user_mode_address: 0x7FFF_FFFE_FFFF,
            processors: 8,
            available_pages: 0x20_0000,
            committed_pages: 0x60_0000,
            commit_limit: 0xA0_0000,
            peak_commitment: 0x68_0000,
            paged_pool_pages: 0x2_0000,
            non_paged_pool_pages: 0x1_8000,
            resident_available_pages: 0x70_0000,
            shared_committed_pages: 0x3_0000,
        }
    }
}

impl SystemMemory {
    pub(crate) fn stream(&self) -> Vec<u8> {
        let mut s = Fields::flat(0x1EC);
        s.u16(0x00, self.revision);
        s.u16(0x02, self.flags);
        s.u32(0x04, 156_250);
        s.u32(0x08, self.page_size);
        s.u32(0x0C, self.physical_pages);
        s.u32(0x10, 1);
        s.u32(0x14, self.physical_pages);
        s.u32(0x18, self.allocation_granularity);
        s.u64(0x1C, self.minimum_user_mode_address);
        s.u64(0x24, self.maximum_user_mode_address);
        s.u64(0x2C, if self.processors >= 64 { u64::MAX } else { (1 << self.processors) - 1 });
        s.u32(0x34, self.processors);
        let performance =
            [self.available_pages, self.committed_pages, self.commit_limit, self.peak_commitment];
        for ((wide, narrow), pages) in
            [(0x74, 0xC0), (0x7C, 0xC4), (0x84, 0xC8), (0x8C, 0xCC)].into_iter().zip(performance)
        {
            s.u64(wide, pages);
            s.u32(narrow, low32(pages));
        }
        s.u32(0x104, self.paged_pool_pages);
        s.u32(0x108, self.non_paged_pool_pages);
        s.u64(0x1DC, self.resident_available_pages);
        s.u64(0x1E4, self.shared_committed_pages);
        s.bytes
    }
}

/// Stream 22, MINIDUMP_PROCESS_VM_COUNTERS_1 (0x50 bytes) or _2 (0x98 bytes). All sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VmCounters {
    /// 1 or 2; decides the size.
    pub revision: u16,
    /// Flags, revision 2 only: 1 basic, 2 virtual sizes, 4 PrivateUsage, 8 EX2, 0x10 job.
    pub flags: u16,
    /// PageFaultCount.
    pub page_fault_count: u32,
    /// PeakWorkingSetSize.
    pub peak_working_set: u64,
    /// WorkingSetSize.
    pub working_set: u64,
    /// QuotaPeakPagedPoolUsage, QuotaPagedPoolUsage, QuotaPeakNonPagedPoolUsage, QuotaNonPagedPoolUsage.
    pub quotas: [u64; 4],
    /// PagefileUsage.
    pub pagefile_usage: u64,
    /// PeakPagefileUsage.
    pub peak_pagefile_usage: u64,
    /// PeakVirtualSize, revision 2.
    pub peak_virtual_size: u64,
    /// VirtualSize, revision 2.
    pub virtual_size: u64,
    /// PrivateUsage: the commit charge.
    pub private_usage: u64,
    /// PrivateWorkingSetSize, revision 2.
    pub private_working_set: u64,
    /// SharedCommitUsage, revision 2.
    pub shared_commit_usage: u64,
    /// JobSharedCommitUsage, JobPrivateCommitUsage, JobPeakPrivateCommitUsage, JobPrivateCommitLimit,
    /// JobTotalCommitLimit; revision 2.
    pub job: [u64; 5],
}

impl Default for VmCounters {
    fn default() -> Self {
        VmCounters {
            revision: 2,
            flags: 0xF,
            page_fault_count: 12_345,
            peak_working_set: 96 << 20,
            working_set: 64 << 20,
            quotas: [200_000, 180_000, 30_000, 20_000],
            pagefile_usage: 80 << 20,
            peak_pagefile_usage: 100 << 20,
            peak_virtual_size: 300 << 20,
            virtual_size: 256 << 20,
            private_usage: 80 << 20,
            private_working_set: 48 << 20,
            shared_commit_usage: 4 << 20,
            job: [0; 5],
        }
    }
}

impl VmCounters {
    pub(crate) fn stream(&self) -> Vec<u8> {
        let mut c = Fields::flat(if self.revision == 1 { 0x50 } else { 0x98 });
        c.u16(0x00, self.revision);
        c.u32(0x04, self.page_fault_count);
        c.u64(0x08, self.peak_working_set);
        c.u64(0x10, self.working_set);
        for (number, &quota) in self.quotas.iter().enumerate() {
            c.u64(0x18 + 8 * number, quota);
        }
        c.u64(0x38, self.pagefile_usage);
        c.u64(0x40, self.peak_pagefile_usage);
        if self.revision == 1 {
            c.u64(0x48, self.private_usage);
            return c.bytes;
        }
        c.u16(0x02, self.flags);
        c.u64(0x48, self.peak_virtual_size);
        c.u64(0x50, self.virtual_size);
        c.u64(0x58, self.private_usage);
        c.u64(0x60, self.private_working_set);
        c.u64(0x68, self.shared_commit_usage);
        for (number, &value) in self.job.iter().enumerate() {
            c.u64(0x70 + 8 * number, value);
        }
        c.bytes
    }
}
